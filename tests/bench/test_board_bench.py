"""The server's time of every page on a desk of 200 theses, 10,000 revisions and 100,000 records: at most 150 ms."""

import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from memory.records import Draft, Kind, Trust
from memory.thesis import Approval, Evidence, ForecastDraft, Proposal

THESES, REVISIONS, RECORDS = 200, 50, 100_000
START = datetime(2025, 1, 1, 12, tzinfo=UTC)
LIMIT_MS = 150
PAGES = (
    "/", "/?order=changed", "/?as_of=2025-06-01", "/theses/thesis-007", "/theses/thesis-007?as_of=2025-06-01", "/theses/thesis-007/diff",
    "/channel", "/channel/run-000", "/runs", "/runs/run-000", "/approvals", "/data", "/memory", "/memory?q=copper+smelter",
    "/memory?q=白银+库存", "/score", "/record",
)  # fmt: skip
NAMED = "copper silver smelter stocks premium curve yield spread export mine strike lease carry ounce demand deficit".split()
WORDS = [f"word{i}" for i in range(40)] + NAMED + [f"name{i}" for i in range(8_000)]
"""By how often they are used, as in a language (Zipf): the first few are everywhere."""


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """The desk; making it is not what is measured."""
    from integrations.desk import Desk
    from integrations.new_desk import make_desk

    folder = tmp_path_factory.mktemp("large") / "desk"
    make_desk(folder)
    with Desk(folder) as desk:
        _series(folder)
        desk.market.refresh(desk.clock())
        _book(desk)
        _memory(desk)
        _work(desk)
    return folder


def _series(folder):
    lines = [f"{(START + timedelta(days=i)):%Y-%m-%d},{100 + (i % 17)}" for i in range(450)]
    for number in range(60):
        (folder / "data" / f"s{number:02d}.csv").write_text("date,close\n" + "\n".join(lines) + "\n", encoding="utf-8")


def _thesis(number):
    rule = f"s{number % 60:02d}.close > 110"
    return {
        "title": f"Thesis {number}", "title_zh": "白银短缺与库存", "claim": "Demand outgrows supply through 2030 while stocks fall. " * 3,
        "stance": "long", "conviction": 0.5, "terms": ["copper", "铜"],
        "signals": [{"name": f"signal-{i}", "rule": rule, "llr": 0.3, "text": "The price is above where it was."} for i in range(4)],
        "falsifiers": [{"name": "low", "rule": f"s{number % 60:02d}.close < 90", "text": "The price fell."}],
        "positions": [{"name": "held", "state": "held", "nav_pct": 2, "legs": [{"instrument": "Copper", "kind": "future", "quantity": 1}]}],
        "catalysts": [{"day": "2027-01-15", "text": "A report"}],
    }  # fmt: skip


def _book(desk):
    source = desk.store.remember(Draft(kind=Kind.NOTE, body="Stocks fell by a tenth. " * 20, source_uri="sources/a.md"))
    quote = Evidence(record=source.id, quote="Stocks fell by a tenth.", source_uri="sources/a.md", locator="line 1", stance="supports")
    chance = random.Random(1)
    with desk.database.writing() as connection:
        for number in range(THESES):
            slug, against = f"thesis-{number:03d}", ""
            for n in range(REVISIONS):
                at = START + timedelta(days=7 * n)
                patch = _thesis(number) if n == 0 else {"conviction": round(chance.uniform(0.3, 0.8), 2)}
                proposal = Proposal(
                    thesis=slug, against=against, author="architect", run_id=f"run-{n:03d}", patch=patch, evidence=(quote,),
                    rationale="The near month costs more than the far one is true: last(x) = 88.4 (+0.60 log-odds). " * 3,
                    idempotency_key=f"{slug}:{n}",
                )  # fmt: skip
                against = desk.book.write(connection, proposal, Approval(by="rule", at=at), at).hash


def _memory(desk):
    chance = random.Random(2)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    drafts = (
        Draft(
            kind=Kind.MESSAGE if i % 5 == 0 else Kind.CHUNK, body=" ".join(chance.choices(WORDS, weights, k=30)) + (f" 白银库存下降 {i}" if i % 50 == 0 else ""),
            source_uri=f"sources/{i // 50}.md", thread_id=f"run-{i % 400:03d}" if i % 5 == 0 else "", author="quant", author_role="quant",
            trust=Trust.AGENT,
        )
        for i in range(RECORDS)
    )  # fmt: skip
    desk.store.remember_many(drafts)


def _work(desk):
    for n in range(400):
        desk.journal.start(f"run-{n:03d}", "research", START + timedelta(days=n), {}, "1")
        desk.journal.set_status(f"run-{n:03d}", "done")
    for n in range(400):
        slug = f"thesis-{n % THESES:03d}"
        draft = ForecastDraft(
            name=f"f-{n}", text="The price is above 100.", probability=0.6, resolve_by=(START + timedelta(days=30 + n)).date()
        )
        new = desk.forecasts.register(slug, draft, START)
        if n < 300:
            desk.forecasts.resolve(new, "yes" if n % 5 < 3 else "no", [{"call": "s00.close > 100"}], START + timedelta(days=31 + n))
    with desk.database.writing() as connection:
        for n in range(20):
            slug = f"thesis-{n:03d}"
            proposal = Proposal(
                thesis=slug, against=desk.book.get(slug).revision.hash, author="architect", patch={"conviction": 0.9}, rationale="It moved.",
                idempotency_key=f"ask-{n}",
            )  # fmt: skip
            desk.journal.ask(connection, "run-001", "conviction would move far", proposal, desk.clock())


@pytest.fixture(scope="session")
def visitor(large):
    from starlette.testclient import TestClient

    from integrations.board.app import make_app
    from integrations.desk import Desk

    with Desk(large) as desk, TestClient(make_app(desk, "a-token-for-the-bench"), base_url="http://localhost") as client:
        client.post("/sign-in", data={"name": "Ada", "token": "a-token-for-the-bench"})
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_a_large_desk_takes_at_most_150_ms_and_200_kb(benchmark, visitor, path):
    def visit():
        answer = visitor.get(path, headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200, answer.text[-500:]
        return answer

    visit()
    answer = benchmark.pedantic(visit, rounds=5, iterations=1)
    assert len(answer.content) <= 200_000, len(answer.content)
    # The best of the rounds: what the page costs, not what else the machine does.
    assert benchmark.stats.stats.min * 1000 <= LIMIT_MS
    assert re.search(r"app;dur=[0-9.]+", answer.headers["server-timing"])
