"""What a run leaves in memory, and what the next one is asked because of it."""

from dataclasses import replace
from datetime import date

import pytest

from integrations.desk import Desk
from integrations.terminal import SilentChannel
from memory.life import disputes
from memory.measures import DocumentFacts
from memory.records import DESK, Draft, Kind, Relation, Status, Trust
from memory.thesis import Measure
from orchestrator import runs
from orchestrator.consolidate import close_run
from tests.acceptance.conftest import make_small

SEVEN, THREE = "Refined copper output of Peru grew 7 per cent", "Refined copper output of Peru grew 3 per cent"


@pytest.fixture
def desk(tmp_path):
    folder = make_small(tmp_path / "desk", ("copper",), ("copper",)).desk
    with Desk(folder) as opened:
        opened.market.refresh(opened.clock())
        opened.library.import_theses(sorted((folder / "theses").glob("*.yaml")))
        for author, text in (("anna", SEVEN), ("ben", THREE)):
            opened.store.remember(Draft(body=text, author=author, trust=Trust.PERSON, thesis_slugs=("copper",), known_from=opened.as_of()))
        opened.store.remember(Draft(body="The strike ends on Friday", author="anna", valid_to=date(2020, 1, 3)))
        yield opened


class NoReport:
    def publish(self, run_id, as_of):
        return {}


def run(desk, name):
    """A run; its brief, and how many records it wrote besides."""
    before = desk.store.count()
    runs.start(replace(desk.context(SilentChannel()), reporter=NoReport()), desk.checkpoints, name, desk.as_of(), [])
    (brief,) = [record for record in desk.store.find(run_id=name, kinds=[Kind.NOTE]) if record.title == "brief"]
    return brief, desk.store.count() - before - 1


def gists(desk):
    return [record for record in desk.store.find(kinds=[Kind.NOTE], source_uri="thesis://copper", live=False) if record.author == DESK]


def test_a_contradiction_is_asked_in_the_next_brief_until_a_person_settles_it_and_nothing_is_written_twice(desk):
    first, _ = run(desk, "one")
    assert first.data["questions"] == []
    (dispute,) = disputes(desk.store, desk.as_of())
    assert dispute.question == f"“{SEVEN}” against “{THREE}”: which holds, and on which source?"
    (stands,) = gists(desk)
    assert "It falls if:" in stands.body
    (ended,) = [record for record in desk.store.find(kinds=[Kind.NOTE], live=False) if record.valid_to]
    assert (ended.status, ended.reason) == (Status.EXPIRED, "it was valid to 2020-01-03")

    close_run(desk.context(SilentChannel()), "one", desk.journal.take("one"), desk.as_of(), ["copper"])
    assert (len(gists(desk)), len(disputes(desk.store, desk.as_of()))) == (1, 1)

    head = desk.book.head_hash()
    second, _ = run(desk, "two")
    assert second.data["theses"] == ["copper"]
    assert f"What contradicts: (1) “{SEVEN}”" in second.body
    plan = next(record for record in desk.store.find(run_id="two", kinds=[Kind.MESSAGE]) if record.author == "architect")
    assert THREE in plan.body

    third, written = run(desk, "three")
    assert (third.data["theses"], len(third.data["questions"]), written) == ([], 1, 0)
    assert (desk.book.head_hash(), len(gists(desk))) == (head, 1)

    wrong = next(record for record in desk.store.find(kinds=[Kind.NOTE]) if record.body == THREE)
    desk.store.end(wrong.id, Status.RETRACTED, "a typing mistake")
    assert disputes(desk.store, desk.as_of()) == []
    assert Relation.CONTRADICTS in {link.relation for link in desk.store.links_of(wrong.id)}


def test_where_a_thesis_stands_is_found_by_people_and_is_no_fact_for_its_rules(desk):
    if not gists(desk):
        run(desk, "alone")
    assert [hit.author for hit in desk.recall.search("copper where it stands", 1, kinds=[Kind.NOTE]).hits] == [DESK]
    measure = Measure(name="n", terms=("conviction", "revision"), unit="")
    assert DocumentFacts(desk.recall, [measure]).latest("n", desk.as_of()) is None
