import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from memory.embedding import HashedBM25
from memory.errors import BusyError, IndexBrokenError
from memory.index import BATCH, CANARY, HNSW, VectorIndex, close_client, collection_name, open_client
from tests.fakes.chroma import chroma_server

TEXTS = {
    "silver": "silver stocks in the vaults declined again",
    "copper": "copper demand of data centres rises",
    "白银": "上海白银库存下降，现货溢价扩大",
}
WAIT = 5.0
HOLD = """
import sys
from pathlib import Path
from memory.embedding import HashedBM25
from memory.index import VectorIndex
index = VectorIndex.open(Path(sys.argv[1]), HashedBM25())
print("open", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "chroma"


@pytest.fixture
def embedder() -> HashedBM25:
    return HashedBM25()


def many(count: int, start: int = 0) -> dict[str, str]:
    return {f"r{n}": f"record number{n} of day{n % 31} says {n * 7} of metal{n % 97}" for n in range(start, start + count)}


def fill(folder: Path, embedder: HashedBM25, texts: dict[str, str]) -> None:
    with VectorIndex.open(folder, embedder) as index:
        index.upsert(list(texts), list(texts.values()))


def stored(folder: Path, embedder: HashedBM25) -> dict[str, np.ndarray]:
    """Every vector on disk but the canaries, read past our own code."""
    client = open_client(folder)
    found = client.get_collection(collection_name(embedder), embedding_function=None).get(include=["embeddings"])
    close_client(client)
    vectors = zip(found["ids"], found["embeddings"], strict=True)  # type: ignore[arg-type]
    return {name: np.asarray(vector) for name, vector in vectors if not name.startswith(CANARY)}


def test_the_vectors_themselves_are_there_after_reopening(folder: Path, embedder: HashedBM25) -> None:
    texts = many(HNSW["sync_threshold"] + 200)  # some synced to the graph's files, some only in the log
    fill(folder, embedder, texts)
    on_disk = stored(folder, embedder)
    assert on_disk.keys() == texts.keys()
    fresh = embedder.embed_documents(list(texts.values()))
    assert all(np.array_equal(on_disk[name], vector) for name, vector in zip(texts, fresh, strict=True))
    with VectorIndex.open(folder, embedder) as index:
        assert (index.count(), index.ids()) == (len(texts), set(texts))
        index.check(list(texts.items()))


@pytest.mark.parametrize(("question", "first"), [("vault silver", "silver"), ("白銀庫存", "白银"), ("demand for copper", "copper")])
def test_the_nearest_record_comes_first(folder: Path, embedder: HashedBM25, question: str, first: str) -> None:
    with VectorIndex.open(folder, embedder) as index:
        index.upsert(list(TEXTS), list(TEXTS.values()))
        hits = index.query(question, 3)
        assert hits[0].id == first
        exact = float(embedder.embed_documents([TEXTS[first]])[0] @ embedder.embed_queries([question])[0])
        assert hits[0].score == pytest.approx(exact, abs=1e-4)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_question_that_is_a_canary_finds_records_only(folder: Path, embedder: HashedBM25) -> None:
    with VectorIndex.open(folder, embedder) as index:
        question = "silver stocks fall while the front spread turns into backwardation"
        assert index.query(question, 10) == []
        index.upsert(list(TEXTS), list(TEXTS.values()))
        assert {hit.id for hit in index.query(question, 10)} == set(TEXTS)
        assert len(index.query(question, 2)) == 2
        assert index.ids() == set(TEXTS)


def test_a_question_without_a_word_or_for_no_hits_finds_nothing(folder: Path, embedder: HashedBM25) -> None:
    with VectorIndex.open(folder, embedder) as index:
        index.upsert(list(TEXTS), list(TEXTS.values()))
        assert index.query("的？ …", 5) == []
        assert index.query("silver", 0) == []


def test_writing_twice_changes_nothing_and_the_last_text_of_an_id_counts(folder: Path, embedder: HashedBM25) -> None:
    with VectorIndex.open(folder, embedder) as index:
        for _ in range(2):
            index.upsert(["a", "b", "a"], ["copper", "gold", "silver"])
        assert index.count() == 2
        index.check([("a", "silver"), ("b", "gold")])
        index.upsert(["a"], ["lithium"])
        index.check([("a", "lithium"), ("b", "gold")])
        index.upsert([], [])
        assert index.count() == 2


def test_more_records_than_chroma_takes_at_once_are_all_written_and_deleted(folder: Path) -> None:
    embedder = HashedBM25(dimensions=16)
    texts = many(3 * BATCH)
    fill(folder, embedder, texts)
    with VectorIndex.open(folder, embedder) as index:
        assert index.ids() == set(texts)
        index.delete(list(texts)[1:])
        assert index.ids() == {"r0"}


def test_deleting_forgets_and_unknown_ids_are_fine(folder: Path, embedder: HashedBM25) -> None:
    fill(folder, embedder, TEXTS)
    with VectorIndex.open(folder, embedder) as index:
        index.delete(["silver", "never seen"])
        index.delete(["silver", "never seen"])
        index.delete([])
    with VectorIndex.open(folder, embedder) as index:
        assert index.ids() == {"copper", "白银"}
        assert "silver" not in {hit.id for hit in index.query("silver vaults", 10)}


def test_a_second_opener_is_refused_and_told_what_to_do(folder: Path, embedder: HashedBM25) -> None:
    with VectorIndex.open(folder, embedder) as index:
        with pytest.raises(BusyError, match=r"stop it.*chroma run"):
            VectorIndex.open(folder, embedder)
        with pytest.raises(BusyError, match=r"stop it.*chroma run"):
            VectorIndex.rebuild(folder, embedder, TEXTS.items())
        other = subprocess.run([sys.executable, "-c", HOLD, folder], capture_output=True, text=True, check=False)
        assert other.returncode == 1
        assert "BusyError: another process holds the vector index" in other.stderr
        index.upsert(list(TEXTS), list(TEXTS.values()))
    VectorIndex.open(folder, embedder).close()


def test_closing_lets_everything_go_and_twice_is_fine(folder: Path, embedder: HashedBM25) -> None:
    index = VectorIndex.open(folder, embedder)
    index.close()
    index.close()
    with pytest.raises(BusyError, match="open the desk again"):
        index.query("silver", 1)
    del index
    gc.collect()
    held = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
    assert not [path for path in held if str(folder.parent) in path]


# Python 3.12 warns of any fork beside threads, and Chroma has some: this test is about just that.
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_is_refused_instead_of_hanging_and_leaves_the_lock_alone(folder: Path, embedder: HashedBM25) -> None:
    with VectorIndex.open(folder, embedder) as index:
        child = os.fork()
        if child == 0:
            signal.alarm(int(WAIT))
            status = 1
            try:
                index.query("silver", 1)
            except BusyError as error:
                status = 0 if "before a fork" in str(error) else 2
            finally:
                index.close()
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(BusyError):
            VectorIndex.open(folder, embedder)
        index.upsert(["a"], ["silver"])
        assert index.ids() == {"a"}


UPSERTS = (
    HOLD
    + """
for start in range(0, 1_000_000, 200):
    numbers = range(start, start + 200)
    index.upsert([f"r{n}" for n in numbers], [f"record number{n} of day{n % 31} says {n * 7} of metal{n % 97}" for n in numbers])
    print(start + 200, flush=True)
"""
)


@pytest.mark.parametrize("after", [2, 7])
def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_acknowledged(folder: Path, embedder: HashedBM25, after: int) -> None:
    with subprocess.Popen([sys.executable, "-c", UPSERTS, folder], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(after)]
        child.kill()
        lines += child.stdout.readlines()
    acknowledged = many(int(lines[-1]))
    with VectorIndex.open(folder, embedder) as index:
        index.check(list(acknowledged.items()))
        wanted = many(len(acknowledged) + 100)
        index.upsert(list(wanted), list(wanted.values()))
        assert index.ids() == set(wanted)
        index.check(list(wanted.items()))
    assert stored(folder, embedder).keys() == wanted.keys()


class Drifted(HashedBM25):
    """A model that was swapped behind an unchanged name."""

    K1 = 1.3

    @property
    def fingerprint(self) -> str:
        return HashedBM25().fingerprint


def test_a_model_swapped_behind_the_same_name_is_noticed_by_the_canaries(folder: Path, embedder: HashedBM25) -> None:
    fill(folder, embedder, TEXTS)
    with pytest.raises(IndexBrokenError, match=r"no longer gives the vectors.*stoa memory rebuild"):
        VectorIndex.open(folder, Drifted())
    VectorIndex.open(folder, embedder).close()


def test_another_model_is_refused_by_name_until_the_index_is_rebuilt(folder: Path, embedder: HashedBM25) -> None:
    fill(folder, embedder, TEXTS)
    smaller = HashedBM25(dimensions=256)
    with pytest.raises(IndexBrokenError, match=f"made by {embedder.fingerprint}.*now uses {smaller.fingerprint}"):
        VectorIndex.open(folder, smaller)
    with VectorIndex.rebuild(folder, smaller, TEXTS.items()) as index:
        assert index.query("copper", 1)[0].id == "copper"
    assert {vector.shape for vector in stored(folder, smaller).values()} == {(256,)}


def test_check_finds_a_missing_and_a_changed_vector_of_the_sample(folder: Path, embedder: HashedBM25) -> None:
    with VectorIndex.open(folder, embedder) as index:
        index.upsert(list(TEXTS), list(TEXTS.values()))
        index.check(list(TEXTS.items()))
        with pytest.raises(IndexBrokenError, match="lost 1 of"):
            index.check([*TEXTS.items(), ("never written", "gold")])
        with pytest.raises(IndexBrokenError, match="no longer gives"):
            index.check([("silver", "gold")])


def _segment(folder: Path) -> Path:
    return next(entry for entry in folder.iterdir() if entry.is_dir())


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 4)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "the folder is gone": shutil.rmtree,
    "the folder is empty": _empty,
    "the database is gone": lambda folder: (folder / "chroma.sqlite3").unlink(),
    "the database is empty": lambda folder: (folder / "chroma.sqlite3").write_bytes(b""),
    "the database is cut": lambda folder: _truncate(folder / "chroma.sqlite3"),
    "the database is junk": lambda folder: (folder / "chroma.sqlite3").write_bytes(b"junk" * 5_000),
    "the graph is gone": lambda folder: shutil.rmtree(_segment(folder)),
    "the vectors are gone": lambda folder: (_segment(folder) / "data_level0.bin").unlink(),
    "the vectors are cut": lambda folder: _truncate(_segment(folder) / "data_level0.bin"),
    "the last vector lacks a byte": lambda folder: os.truncate(
        _segment(folder) / "data_level0.bin", (_segment(folder) / "data_level0.bin").stat().st_size - 1
    ),
    "the graph's head is cut": lambda folder: os.truncate(_segment(folder) / "header.bin", 20),
    "the vectors are zeros": lambda folder: (_segment(folder) / "data_level0.bin").write_bytes(
        bytes((_segment(folder) / "data_level0.bin").stat().st_size)
    ),
    "the graph's ids are gone": lambda folder: (_segment(folder) / "index_metadata.pickle").unlink(),
    "the graph's links are gone": lambda folder: (_segment(folder) / "link_lists.bin").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_folder_is_refused_and_a_rebuild_mends_it(folder: Path, damage: Callable[[Path], object]) -> None:
    embedder = HashedBM25(dimensions=64)
    texts = many(HNSW["sync_threshold"] + 10)
    fill(folder, embedder, texts)
    damage(folder)
    with pytest.raises(IndexBrokenError, match="stoa memory rebuild"):
        VectorIndex.open(folder, embedder)
    told: list[int] = []
    with VectorIndex.rebuild(folder, embedder, texts.items(), told.append) as index:
        assert index.ids() == set(texts)
        index.check(list(texts.items()))
    assert told == [len(texts)]
    assert sorted(entry.name for entry in folder.parent.iterdir()) == ["chroma", "chroma.built", "chroma.lock"]
    VectorIndex.open(folder, embedder).close()


def test_files_that_chroma_did_not_write_survive_a_rebuild(folder: Path, embedder: HashedBM25) -> None:
    folder.mkdir(parents=True)
    (folder / "notes.md").write_text("mine", encoding="utf-8")
    with pytest.raises(IndexBrokenError, match="lost its own database"):
        VectorIndex.open(folder, embedder)
    for _ in range(2):
        VectorIndex.rebuild(folder, embedder, TEXTS.items()).close()
        assert (folder / "notes.md").read_text(encoding="utf-8") == "mine"
        assert sum(entry.is_dir() for entry in folder.iterdir()) <= 1


def test_a_copied_folder_is_the_same_index(folder: Path, embedder: HashedBM25, tmp_path: Path) -> None:
    fill(folder, embedder, TEXTS)
    copy = tmp_path / "elsewhere" / "chroma"
    shutil.copytree(folder, copy)
    with VectorIndex.open(copy, embedder) as index:
        index.check(list(TEXTS.items()))


def test_a_rebuild_that_fails_leaves_the_old_index_and_no_lock(folder: Path, embedder: HashedBM25) -> None:
    fill(folder, embedder, TEXTS)

    def broken() -> Iterator[tuple[str, str]]:
        yield "new", "text"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        VectorIndex.rebuild(folder, embedder, broken())
    assert sorted(entry.name for entry in folder.parent.iterdir()) == ["chroma", "chroma.built", "chroma.lock"]
    with VectorIndex.open(folder, embedder) as index:
        assert index.ids() == set(TEXTS)


@pytest.mark.parametrize("left", ["nothing in place", "both in place"])
def test_a_rebuild_cut_off_while_the_folders_change_places_is_never_taken_for_a_fresh_desk(
    folder: Path, embedder: HashedBM25, left: str
) -> None:
    fill(folder, embedder, TEXTS)
    old = folder.with_name("chroma.old")
    if left == "nothing in place":
        folder.rename(old)
        with pytest.raises(IndexBrokenError, match="gone from"):
            VectorIndex.open(folder, embedder)
        VectorIndex.rebuild(folder, embedder, TEXTS.items()).close()
    else:
        shutil.copytree(folder, old)
    with VectorIndex.open(folder, embedder) as index:
        assert index.ids() == set(TEXTS)
    assert not old.exists()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with chroma_server(tmp_path / "served") as url:
        yield url


def test_the_same_client_opens_a_server(server: str) -> None:
    client = open_client(server)
    collection = client.get_or_create_collection("records", embedding_function=None)
    collection.upsert(ids=["a"], embeddings=HashedBM25().embed_documents(["silver"]))
    assert collection.count() == 1
    close_client(client)


def test_a_server_that_does_not_answer_is_said_in_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(IndexBrokenError, match="cannot be used"):
            open_client(f"http://127.0.0.1:{free.getsockname()[1]}")
