"""The track record: by thesis, agent and horizon, and what a cluster is worth."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quant.forecast_scores import Scored
from integrations.track_record import as_document, effective_n, horizon, track_record
from memory.forecasts import Registered
from memory.thesis import ForecastDraft

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def forecast(number, thesis="silver", days=20, outcome="yes", agent="quant", probability=0.7):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    draft = ForecastDraft(
        name=f"f-{number}", text="x", probability=probability, resolve_by=(at + timedelta(days=days)).date(), agent=agent, base_rate=0.5
    )
    return Registered(f"id-{number}", thesis, draft, at, outcome, NOW if outcome else None, [])


@pytest.mark.parametrize(
    ("days", "name"), [(31, "a month or less"), (32, "a quarter or less"), (366, "a year or less"), (367, "more than a year")]
)
def test_a_horizon_is_how_far_ahead_the_forecast_looked(days, name):
    assert horizon(forecast(1, days=days)) == name


def test_under_ten_it_says_too_few_and_every_forecast_is_counted_in_sight():
    items = [forecast(i) for i in range(8)] + [
        forecast(8, outcome=None),
        forecast(9, outcome="ambiguous"),
        forecast(10, outcome="annulled"),
    ]
    record = track_record(items, NOW)
    assert record.too_few
    assert (record.whole.n, record.whole.open, record.whole.overdue, record.whole.ambiguous, record.whole.annulled) == (8, 1, 1, 1, 1)
    assert record.whole.skill_vs_base_rate is None
    assert record.whole.calibration == []


def test_parts_add_up_to_the_whole():
    items = [forecast(i, thesis=f"t{i % 3}", days=20 + 40 * (i % 2), agent="quant" if i % 2 else "") for i in range(24)]
    record = track_record(items, NOW)
    for parts in (record.by_thesis, record.by_agent, record.by_horizon):
        assert sum(part.n for part in parts.values()) == record.whole.n == 24
    assert set(record.by_agent) == {"quant", "person"}
    assert set(record.by_horizon) == {"a month or less", "a quarter or less"}
    document = as_document(record)
    assert document["effective_n"] == 3.0
    assert document["by_thesis"]["t0"]["n"] == 8


@given(st.lists(st.integers(min_value=1, max_value=20), min_size=1, max_size=12))
def test_the_effective_number_lies_between_one_and_the_number_of_theses(sizes):
    rows = [Scored(id=f"{i}-{j}", thesis=f"t{i}", probability=0.5, outcome="yes") for i, size in enumerate(sizes) for j in range(size)]
    assert 1 - 1e-9 <= effective_n(rows) <= len(sizes) + 1e-9
    if len(set(sizes)) == 1:
        assert effective_n(rows) == pytest.approx(len(sizes))


def test_nothing_resolved_is_worth_nothing():
    assert effective_n([Scored(id="a", thesis="t", probability=0.5)]) == 0.0
    assert track_record([], NOW).too_few
