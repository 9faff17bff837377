"""``stoa memory …`` and ``stoa recall --explain`` as a person types them."""

import pytest

from tests.acceptance.conftest import Stoa, make_small


@pytest.fixture(scope="module")
def stoa(tmp_path_factory):
    made = make_small(tmp_path_factory.mktemp("life") / "desk", ["copper"], ["copper"])
    made.run("thesis", "import", made.desk / "theses" / "copper.yaml")
    made.run("remember", "Treatment charges went below zero in March")
    return made


def test_where_a_thesis_stands_is_kept_once_and_found(stoa):
    first = stoa.json("memory", "tidy")
    assert len(first["gists"]) == 1
    assert stoa.json("memory", "tidy") == {"expired": [], "gists": []}
    hit = stoa.json("recall", "where does copper stand, conviction and falsifiers", "--kind", "note")["hits"][0]
    assert hit["id"] == first["gists"][0]
    assert "It falls if:" in hit["text"]


def test_an_archive_moves_a_memory_and_a_retracted_note_is_found_no_more(stoa, tmp_path):
    stoa.run("memory", "export", tmp_path / "memory.jsonl")
    other = Stoa(tmp_path / "other")
    other.run("init", other.desk, desk=False)
    done = other.json("memory", "import", tmp_path / "memory.jsonl")
    assert done["records"] == sum(stoa.json("memory", "stats")["records"].values())
    hit = other.json("recall", "treatment charges")["hits"][0]
    assert "say why" in other.run("memory", "retract", hit["id"], "--why", " ", code=2).stderr
    other.run("memory", "retract", hit["id"], "--why", "a typing mistake")
    assert hit["id"] not in [item["id"] for item in other.json("recall", "treatment charges")["hits"]]
    counts = other.json("memory", "stats")
    assert (counts["status"]["retracted"], counts["index_lag"]) == (1, 0)


def test_a_hit_says_what_it_owes_its_place_to(stoa):
    out = stoa.run("recall", "treatment charges", "--explain").stdout
    assert "lexical +" in out
