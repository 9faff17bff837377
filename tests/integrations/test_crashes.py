"""What a desk's vector index goes through: each time it is noticed, mended from SQL, and every vector is read again."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.desk import Desk
from integrations.new_desk import make_desk
from memory.records import Draft, Status
from tests.fakes.chroma import chroma_server

ROOT = Path(__file__).parents[2]
WRITES = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from integrations.desk import Desk
from memory.records import Draft
with Desk(Path(sys.argv[2])) as desk:
    for number in range(int(sys.argv[3])):
        desk.store.remember_many([Draft(body=f"{sys.argv[4]} {number} note {part} on metal{part % 7}") for part in range(20)])
        desk.drain_index()
        print(number, flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    return make_desk(tmp_path / "desk")


def writer(folder, rounds, name):
    """Another process that writes 20 notes a round and brings the index up to date."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITES, str(ROOT), str(folder), str(rounds), name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def opened(folder, said=None):
    return Desk(folder, warn=(said if said is not None else []).append)


def notes(desk, name, count=20):
    desk.store.remember_many([Draft(body=f"{name} {number} on silver{number % 7}") for number in range(count)])


def assert_whole(desk):
    """The index holds the live records and no other, and each vector is the one that its text gives."""
    texts = dict(desk.store.live_texts())
    assert desk.store.index_lag() == 0
    assert desk.index().ids() == set(texts)
    desk.index().check(list(texts.items()))


def test_two_processes_that_write_at_once_lose_nothing_though_one_of_them_owns_the_index(folder):
    with opened(folder) as desk:
        desk.index()
        with writer(folder, 3, "theirs") as child:
            for number in range(3):
                notes(desk, f"ours {number}")
                desk.drain_index()
            _, said = child.communicate(timeout=60)
        assert child.returncode == 0, said
        assert "searching by words alone" in said
        assert desk.store.count() == 120
        desk.drain_index()
        assert_whole(desk)


def test_two_processes_that_write_at_once_share_a_server_and_lose_nothing(folder, tmp_path):
    with chroma_server(tmp_path / "served") as url:
        (folder / "stoa.toml").write_text(f'[desk]\nname = "d"\n[chroma]\nurl = "{url}"\n', encoding="utf-8")
        with opened(folder) as desk, writer(folder, 3, "theirs") as child:
            for number in range(3):
                notes(desk, f"ours {number}")
                desk.drain_index()
            _, said = child.communicate(timeout=60)
            assert (child.returncode, said) == (0, "")
            assert desk.store.count() == 120
            desk.drain_index()
            assert_whole(desk)


def test_an_indexer_that_is_killed_loses_nothing(folder):
    with writer(folder, 1_000, "killed") as child:
        for _ in range(4):
            child.stdout.readline()
        child.kill()
    said = []
    with opened(folder, said) as desk:
        assert desk.store.count() >= 80
        desk.drain_index()
        assert_whole(desk)
    assert said == []


@pytest.mark.parametrize("kept", [True, False], ids=["with its folder", "with an empty folder"])
def test_a_server_that_is_killed_and_started_again_has_every_vector_again(folder, tmp_path, kept):
    said = []
    with chroma_server(tmp_path / "served") as url:
        (folder / "stoa.toml").write_text(f'[desk]\nname = "d"\n[chroma]\nurl = "{url}"\n', encoding="utf-8")
        desk = opened(folder, said)
        notes(desk, "before")
        desk.drain_index()
        assert_whole(desk)
    notes(desk, "while it was away")
    assert desk.drain_index() == 0
    assert desk.recall.search("while it was away").hits
    assert "20 records wait" in said[0]
    port = int(url.rpartition(":")[2])
    with chroma_server(tmp_path / ("served" if kept else "anew"), port):
        assert desk.recall.search("before on silver").hits
        desk.drain_index()
        assert_whole(desk)
        desk.close()
    assert any("rebuilding the vector index" in text for text in said) is not kept


def older_copy(chroma, copy):
    shutil.rmtree(chroma)
    shutil.copytree(copy, chroma)


def half_deleted(chroma, copy):
    (chroma / "chroma.sqlite3").unlink()


def without_a_trace(chroma, copy):
    shutil.rmtree(chroma)
    chroma.with_name("chroma.built").unlink()


@pytest.mark.parametrize("damage", [older_copy, half_deleted, without_a_trace])
def test_a_folder_that_is_not_what_it_was_is_noticed_and_built_again_from_the_records(folder, tmp_path, damage):
    chroma, copy, said = folder / ".stoa" / "chroma", tmp_path / "copy", []
    with opened(folder, said) as desk:
        notes(desk, "first")
        desk.drain_index()
    shutil.copytree(chroma, copy)
    with opened(folder, said) as desk:
        # One comes and one goes: the number of records is what it was.
        desk.store.end(next(name for name, _ in desk.store.live_texts()), Status.RETRACTED, "wrong")
        notes(desk, "second", 1)
        desk.drain_index()
    damage(chroma, copy)
    assert said == []
    with opened(folder, said) as desk:
        assert_whole(desk)
    assert ["rebuilding the vector index" in text for text in said] == [True]
    assert "run stoa memory rebuild" not in said[0]  # it has just been done
    with opened(folder, said) as desk:
        assert_whole(desk)
    assert len(said) == 1


def test_past_its_limit_a_desk_without_a_model_searches_by_words_alone_and_one_with_a_raised_limit_has_every_vector(folder):
    toml, said = folder / "stoa.toml", []
    plain = toml.read_text(encoding="utf-8")
    toml.write_text(f"{plain}\n[chroma]\nmost_hashed = 10\n", encoding="utf-8")
    with opened(folder, said) as desk:
        notes(desk, "large")
        assert desk.drain_index() == 20
        assert (desk.index(), desk.store.index_lag()) == (None, 0)
        assert len(desk.recall.search("large silver", 5).hits) == 5
        assert not (folder / ".stoa" / "chroma").exists()
    assert said == []
    toml.write_text(plain, encoding="utf-8")
    with opened(folder, said) as desk:
        assert_whole(desk)
    assert "older copy" in said[0]
