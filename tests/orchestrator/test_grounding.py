from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.playbook.wording import number
from memory.records import Kind, Record
from memory.thesis import Evidence
from orchestrator.grounding import UNSUPPORTED, ground

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def record(name, body, data=None):
    return Record(id=name, entity_id=name, version=1, kind=Kind.CHUNK, body=body, data=data or {}, recorded_at=NOW, known_at=NOW)


RECORDS = {
    "note": record("note", "COMEX stocks have fallen by 81 m oz since September; 库存减少 8100 万盎司。"),
    "price": record("price", "last(x) = 114.58 $/bbl", {"value": 114.58}),
    "tool": record("tool", "runway", {"result": {"runway_days": 40.5556, "roots": [{"leverage": 0.36570783}], "spread": 0.07}}),
}
CITED = [
    Evidence(record="note", quote="81 m oz"),
    Evidence(record="price", quote="last(x) = 114.58 $/bbl"),
    Evidence(record="tool", quote="runway"),
]


@pytest.mark.parametrize(
    "text",
    [
        "Stocks fell by 81 m oz.",
        "减少 8100 万盎司",
        "WTI is 114.58 $/bbl",
        "WTI is about 115",
        "40.6 days of runway",
        "leverage 0.3657",
        "700 bp and 7 %",
        "since 2026-01-08",
        "No number.",
    ],
)
def test_a_number_that_a_quote_or_a_result_holds_is_left_alone(text):
    found = ground(text, CITED, RECORDS)
    assert (found.text, found.problems) == (text, ())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Stocks fell by 82 m oz.", "82 m oz"),
        ("WTI is 112.4", "112.4"),
        ("runway of 41.9 days", "41.9 days"),
        ("约 9000 万盎司", "9000 万盎司"),
    ],
)
def test_an_invented_number_is_marked_and_the_statement_survives(text, wrong):
    found = ground(text, CITED, RECORDS)
    assert f"{wrong} {UNSUPPORTED}" in found.text
    assert found.text.replace(f" {UNSUPPORTED}", "") == text
    assert found.problems == (f"{wrong} has no source",)


def test_an_invented_quote_is_dropped_and_takes_its_numbers_with_it():
    found = ground("It is 55 %.", [Evidence(record="note", quote="a share of 55 %")], RECORDS)
    assert found.evidence == ()
    assert UNSUPPORTED in found.text
    assert "does not stand" in found.problems[0]


def test_a_record_that_does_not_exist_is_no_evidence():
    assert ground("Nothing.", [Evidence(record="ghost", quote="x")], RECORDS).problems == ("record ghost does not exist",)


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_whatever_a_playbook_prints_of_a_result_resolves_to_it(value):
    records = {"r": record("r", "figure", {"value": value})}
    assert ground(f"it is {number(value)} now", [Evidence(record="r", quote="figure")], records).problems == ()
