"""The vector index on Chroma: it can be thrown away and built again from SQL.

Two processes on one folder silently lose vectors and a forked client hangs, so the folder is locked and the process
remembered. A fingerprint and canary vectors show when the embedding model, or the folder, is not what it was.

Beside the folder ``chroma`` stand ``chroma.lock`` and ``chroma.built``, the sign that an index was finished there: a
folder that is gone is a loss, not a fresh desk. ``chroma.building`` and ``chroma.old`` exist during a rebuild only.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast
from urllib.parse import urlsplit
from uuid import UUID

from filelock import FileLock, Timeout

from memory.embedding import Embedder
from memory.errors import BusyError, IndexBrokenError
from memory.graph_files import cut_off

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

BATCH = 2_000
"""Vectors a write; Chroma takes 5,461 at most."""

CANARY = "~canary-"
CANARY_TEXTS = (
    "silver stocks fall while the front spread turns into backwardation",
    "白银库存下降，现货溢价扩大",
    "utilisation 25-30 % falls to 10-15 % by 2028",
)
MARK = "outbox"
"""Where a collection says up to which line of the outbox it goes: an older copy of a folder says less than SQL does."""
TOLERANCE = 1e-5
SPREAD = 16
"""Places in the collection where ``open`` reads a few vectors, to find out whether they can be read."""

HNSW: dict[str, Any] = {
    "space": "ip",
    "ef_search": 400,
    "max_neighbors": 32,
    "ef_construction": 40,  # 100 finds 0.88 instead of 0.80 of the nearest ten, and writes at 0.6 of the rate
    # What is younger than the last sync is linked again at every open: 10,000 would cost each command up to 3.5 s.
    "sync_threshold": 1_000,
}
MEND = "run stoa memory rebuild"


class VectorHit(NamedTuple):
    """A record id and the inner product of its vector with the question's."""

    id: str
    score: float


class VectorIndex:
    """One folder of vectors for live records. Open it with ``VectorIndex.open``; close it when done."""

    def __init__(self, folder: Path, embedder: Embedder, lock: FileLock) -> None:
        self._folder = folder
        self._embedder = embedder
        self._lock = lock
        self._process = os.getpid()
        self._client: ClientAPI | None = None
        self._collection: Any = None

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> Self:
        """Take the folder's lock and open it; where no index ever was, an empty one is made.

        Raises:
            BusyError: another process holds the index.
            IndexBrokenError: its files or its model are not what they were: rebuild it.
        """
        index = cls(folder, embedder, _locked(folder))
        with ExitStack() as undo:
            undo.callback(index.close)
            index._connect()
            undo.pop_all()
        return index

    @classmethod
    def rebuild(
        cls,
        folder: Path,
        embedder: Embedder,
        pairs: Iterable[tuple[str, str]],
        progress: Callable[[int], None] | None = None,
    ) -> Self:
        """Build the index anew from (id, text) pairs beside the old one, then put it in its place and open it.

        The old one, whatever is left of it, goes last: a crash before that leaves it as it was, or leaves an index
        that ``open`` refuses. Files in the folder that Chroma did not write stay.

        Args:
            folder: where the index stands or stood.
            embedder: the model of the new vectors.
            pairs: every live record's id and text.
            progress: told after each batch how many records are done.

        Raises:
            BusyError: another process, or this one, has the index open.
        """
        index = cls(folder, embedder, _locked(folder))
        with ExitStack() as undo:
            undo.callback(index.close)
            building = _beside(folder, "building")
            shutil.rmtree(building, ignore_errors=True)
            undo.callback(shutil.rmtree, building, ignore_errors=True)
            index._fill(building, pairs, progress)
            _beside(folder, "built").write_text(f"{embedder.fingerprint}\n", encoding="utf-8")
            _put_in_place(building, folder)
            index._connect()
            undo.pop_all()
        return index

    def _fill(self, folder: Path, pairs: Iterable[tuple[str, str]], progress: Callable[[int], None] | None = None) -> None:
        self._create(folder)
        waiting, done = iter(pairs), 0
        while batch := list(islice(waiting, BATCH)):
            self.upsert([name for name, _ in batch], [text for _, text in batch])
            done += len(batch)
            if progress:
                progress(done)
        self._disconnect()

    def _connect(self) -> None:
        if self._folder.exists():
            _clear(_beside(self._folder, "old"), self._folder)
        if not self._folder.exists() or not any(self._folder.iterdir()):
            if _beside(self._folder, "built").exists():
                raise IndexBrokenError(f"the vector index is gone from {self._folder}: {MEND}")
            self._create(self._folder)
        elif not (self._folder / "chroma.sqlite3").exists():
            raise IndexBrokenError(f"the vector index has lost its own database: {MEND}")
        elif short := cut_off(self._folder):
            raise IndexBrokenError(f"the vector index has files that were cut off ({', '.join(short)}): {MEND}")
        else:
            self._client = open_client(self._folder)
            self._collection = self._existing(self._client)
            self.check()
            self._read_spread()
        _beside(self._folder, "built").write_text(f"{self._embedder.fingerprint}\n", encoding="utf-8")

    def _create(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._client = open_client(folder)
        with _broken_if_chroma_fails():
            self._collection = self._client.create_collection(
                name=collection_name(self._embedder),
                metadata={"fingerprint": self._embedder.fingerprint},
                embedding_function=None,
                configuration=cast("Any", {"hnsw": HNSW}),
            )
        self.upsert([f"{CANARY}{i}" for i in range(len(CANARY_TEXTS))], CANARY_TEXTS)

    def _existing(self, client: "ClientAPI") -> Any:
        with _broken_if_chroma_fails():
            makers = {found.name: (found.metadata or {}).get("fingerprint") for found in client.list_collections()}
            wanted = collection_name(self._embedder)
            if wanted in makers:
                return client.get_collection(wanted, embedding_function=None)
        if not makers:
            raise IndexBrokenError(f"the vector index was never finished: {MEND}")
        made = ", ".join(str(maker or "an unnamed model") for maker in makers.values())
        raise IndexBrokenError(f"the vector index was made by {made}, the desk now uses {self._embedder.fingerprint}: {MEND}")

    def _read_spread(self) -> None:
        """Read some vectors from all over the collection: a file that was cut off has canaries left to show."""
        with _broken_if_chroma_fails():
            size = self._collection.count()
            for place in range(SPREAD):
                found = self._collection.get(limit=4, offset=size * place // SPREAD, include=["embeddings"])
                if len(found["embeddings"]) != len(found["ids"]):
                    raise IndexBrokenError(f"the vector index has lost vectors: {MEND}")

    def check(self, sample: Sequence[tuple[str, str]] = ()) -> None:
        """Compare the canaries, and a sample of (id, text), with what is stored.

        Raises:
            IndexBrokenError: a vector is missing or differs.
        """
        import numpy as np

        self._mine()
        wanted = [*((f"{CANARY}{i}", text) for i, text in enumerate(CANARY_TEXTS)), *sample]
        ids = [name for name, _ in wanted]
        with _broken_if_chroma_fails():
            found = self._collection.get(ids=ids, include=["embeddings"])
        stored = dict(zip(found["ids"], found["embeddings"], strict=True))
        missing = [name for name in ids if name not in stored]
        if missing:
            raise IndexBrokenError(f"the vector index has lost {len(missing)} of {len(ids)} vectors looked up: {MEND}")
        fresh = self._embedder.embed_documents([text for _, text in wanted])
        for name, vector in zip(ids, fresh, strict=True):
            there = np.asarray(stored[name])
            near = max(TOLERANCE, getattr(self._embedder, "tolerance", 0.0))
            if there.shape != vector.shape or not np.allclose(there, vector, rtol=0, atol=near):
                raise IndexBrokenError(f"the model no longer gives the vectors that the index holds: {MEND}")

    def upsert(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Write vectors; writing the same twice changes nothing, and of an id given twice the last text counts.

        Raises:
            IndexBrokenError: Chroma could not write.
        """
        self._mine()
        # Chroma refuses a batch with an id in it twice.
        pairs = list(dict(zip(ids, texts, strict=True)).items())
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            vectors = self._embedder.embed_documents([text for _, text in batch])
            with _broken_if_chroma_fails():
                self._collection.upsert(ids=[name for name, _ in batch], embeddings=vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget vectors; unknown ids are fine."""
        self._mine()
        for start in range(0, len(ids), BATCH):
            with _broken_if_chroma_fails():
                self._collection.delete(ids=list(ids[start : start + BATCH]))

    def mark(self, through: int) -> None:
        """Write into the index that it holds what the outbox said up to a line."""
        self._mine()
        with _broken_if_chroma_fails():
            there = self._collection.metadata or {}
            if int(there.get(MARK, 0)) < through:
                self._collection.modify(metadata={**there, MARK: through})

    def marked(self) -> int:
        """The last line of the outbox that it holds."""
        self._mine()
        return int((self._collection.metadata or {}).get(MARK, 0))

    def query(self, text: str, k: int) -> list[VectorHit]:
        """The ``k`` nearest records, best first; none for a text without a word."""
        self._mine()
        vector = self._embedder.embed_queries([text])
        if k < 1 or not vector.any():
            return []
        with _broken_if_chroma_fails():
            found = self._collection.query(query_embeddings=vector, n_results=k + len(CANARY_TEXTS), include=["distances"])
        # Chroma's "ip" distance is one minus the inner product.
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [VectorHit(name, 1.0 - float(far)) for name, far in pairs if not name.startswith(CANARY)][:k]

    @property
    def fingerprint(self) -> str:
        """Of the model whose vectors it holds."""
        return self._embedder.fingerprint

    def count(self) -> int:
        """How many records have a vector."""
        self._mine()
        with _broken_if_chroma_fails():
            return int(self._collection.count()) - len(CANARY_TEXTS)

    def ids(self) -> set[str]:
        """Every record id in the index."""
        self._mine()
        with _broken_if_chroma_fails():
            return {name for name in self._collection.get(include=[])["ids"] if not name.startswith(CANARY)}

    def _mine(self) -> None:
        if os.getpid() != self._process:
            raise BusyError("the vector index was opened before a fork: open it in the process that uses it")
        if self._collection is None:
            raise BusyError("the vector index is closed: open the desk again")

    def _disconnect(self) -> None:
        if self._client is not None:
            close_client(self._client)
        self._client = self._collection = None

    def close(self) -> None:
        """Let go of the folder and its lock. In a forked child it does nothing: both are the parent's."""
        if os.getpid() == self._process:
            self._disconnect()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def collection_name(embedder: Embedder) -> str:
    """The collection of an embedding: any fingerprint as a name that Chroma takes."""
    return f"records-{blake2b(embedder.fingerprint.encode(), digest_size=8).hexdigest()}"


def open_client(where: Path | str) -> "ClientAPI":
    """A Chroma client on a folder, or on the server at an http(s) URL.

    Raises:
        IndexBrokenError: the folder's files are damaged, or nothing answers at the URL.
    """
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    with _broken_if_chroma_fails(), ExitStack() as undo:
        if isinstance(where, Path):
            # Chroma keeps one system a path for the life of the process, also one that failed to start, and would hand
            # that out for the rebuilt folder; it has no public way to forget it.
            undo.callback(SharedSystemClient._identifier_to_system.pop, str(where), None)  # noqa: SLF001
            client = chromadb.PersistentClient(path=str(where), settings=settings)
            undo.pop_all()
            return client
        url = urlsplit(where)
        secure = url.scheme == "https"
        return chromadb.HttpClient(url.hostname or "", url.port or (443 if secure else 8000), secure, settings=settings)


def close_client(client: Any) -> None:
    """Let go of what a client holds: the folder's files, or the connections to a server."""
    client.close()
    # Chroma leaves the two connection pools of an HTTP client open, and offers no public way to them.
    for api in (client._server, client._admin_client._server):  # noqa: SLF001
        if pool := getattr(api, "_session", None):
            pool.close()


@contextmanager
def _broken_if_chroma_fails() -> Iterator[None]:
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, ValueError) as error:
        # ValueError: what Chroma makes of a database that it cannot ask for its tenant.
        raise IndexBrokenError(f"the vector index cannot be used ({error}): {MEND}") from error


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(f"{folder.name}.{suffix}")


def _locked(folder: Path) -> FileLock:
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_beside(folder, "lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(
            f"another process holds the vector index: stop it, or give both one server with `chroma run --path {folder}`"
        ) from error
    return lock


def _put_in_place(building: Path, folder: Path) -> None:
    old = _beside(folder, "old")
    if folder.exists():
        _clear(old, folder)
        folder.rename(old)
    building.rename(folder)
    _clear(old, folder)


def _clear(old: Path, folder: Path) -> None:
    """Remove what Chroma wrote in a replaced folder; what somebody else put there moves to the new one."""
    if not old.exists():
        return
    for entry in list(old.iterdir()):
        if entry.name.startswith("chroma.sqlite3"):
            entry.unlink()
        elif _is_segment(entry):
            shutil.rmtree(entry)
        else:
            entry.replace(folder / entry.name)
    old.rmdir()


def _is_segment(entry: Path) -> bool:
    try:
        return str(UUID(entry.name)) == entry.name and entry.is_dir()
    except ValueError:
        return False
