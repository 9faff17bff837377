"""The vector index on Chroma: it can be thrown away and built again from SQL.

Two processes on one folder silently lose vectors and a forked client hangs, so the folder is locked and the process
remembered. A fingerprint and canary vectors show when the embedding model, or the folder, is not what it was.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from filelock import FileLock, Timeout

from memory.embedding import Embedder
from memory.errors import BusyError, IndexBrokenError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

BATCH = 2_000
CANARY = "~canary-"
CANARY_TEXTS = (
    "silver stocks fall while the front spread turns into backwardation",
    "白银库存下降，现货溢价扩大",
    "utilisation of 25 % falls: supply, supply and supply against demand, 供給 供給 供給 對 需求",
)
TOLERANCE = 1e-4
MANIFEST = "index.json"
HNSW: dict[str, Any] = {
    "space": "ip",
    "ef_search": 400,
    "max_neighbors": 32,
    "ef_construction": 40,  # with M 32 and ef_search 400 the default of 100 finds no more and writes a third slower
    "sync_threshold": 10_000,
}


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
        """Take the folder's lock and open it; an empty folder becomes an empty index.

        Raises:
            BusyError: another process holds the index.
            IndexBrokenError: its files or its model are not what they were: rebuild it.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f"{folder.name}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BusyError("another process holds the vector index: stop it, or give both one server with `chroma run`") from error
        index = cls(folder, embedder, lock)
        try:
            index._connect()
        except IndexBrokenError:
            index.close()
            raise
        return index

    @classmethod
    def rebuild(
        cls,
        folder: Path,
        embedder: Embedder,
        pairs: Iterable[tuple[str, str]],
        progress: Callable[[int], None] | None = None,
    ) -> Self:
        """Build the index anew from (id, text) pairs; the old folder goes only when nobody holds it."""
        lock = FileLock(folder.parent / f"{folder.name}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BusyError("another process holds the vector index: stop it before rebuilding") from error
        shutil.rmtree(folder, ignore_errors=True)
        index = cls(folder, embedder, lock)
        index._connect()
        batch: list[tuple[str, str]] = []
        done = 0
        for pair in pairs:
            batch.append(pair)
            if len(batch) == BATCH:
                index.upsert(*zip(*batch, strict=True))
                done, batch = done + len(batch), []
                if progress:
                    progress(done)
        if batch:
            index.upsert(*zip(*batch, strict=True))
        return index

    def _connect(self) -> None:
        fresh = not self._folder.exists() or not any(self._folder.iterdir())
        if not fresh and not (self._folder / "chroma.sqlite3").exists():
            raise IndexBrokenError("the vector index has lost its own database: run stoa memory rebuild")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._client = _client(self._folder)
        manifest = self._folder / MANIFEST
        if fresh:
            manifest.write_text(json.dumps({"fingerprint": self._embedder.fingerprint}), encoding="utf-8")
        self._check_fingerprint(manifest)
        self._collection = self._client.get_or_create_collection(
            name="records",
            embedding_function=None,
            configuration=cast("Any", {"hnsw": HNSW}),
        )
        if fresh:
            self._write([f"{CANARY}{i}" for i in range(len(CANARY_TEXTS))], CANARY_TEXTS)
        self.check()

    def _check_fingerprint(self, manifest: Path) -> None:
        try:
            stored = json.loads(manifest.read_text(encoding="utf-8"))["fingerprint"]
        except (OSError, ValueError, KeyError) as error:
            raise IndexBrokenError("the vector index does not say which model made it: run stoa memory rebuild") from error
        if stored != self._embedder.fingerprint:
            raise IndexBrokenError(
                f"the vector index was made by {stored}, the desk now uses {self._embedder.fingerprint}: run stoa memory rebuild"
            )

    def check(self, sample: Sequence[tuple[str, str]] = ()) -> None:
        """Compare the canaries, and a sample of (id, text), with what is stored.

        Raises:
            IndexBrokenError: a vector is missing or differs.
        """
        import numpy as np

        wanted = [*((f"{CANARY}{i}", text) for i, text in enumerate(CANARY_TEXTS)), *sample]
        ids = [name for name, _ in wanted]
        try:
            found = self._collection.get(ids=ids, include=["embeddings"])
        except Exception as error:
            # Chroma raises its own and the Rust binding's errors for damaged files; all of them mean one thing here.
            raise IndexBrokenError(f"the vector index cannot be read ({error}): run stoa memory rebuild") from error
        stored = dict(zip(found["ids"], found["embeddings"], strict=True))
        fresh = self._embedder.embed_documents([text for _, text in wanted])
        for name, vector in zip(ids, fresh, strict=True):
            there = stored.get(name)
            if there is None or float(np.abs(np.asarray(there) - vector).max()) > TOLERANCE:
                raise IndexBrokenError("the vector index does not hold what was written: run stoa memory rebuild")

    def upsert(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Write vectors; writing the same twice changes nothing."""
        for start in range(0, len(ids), BATCH):
            self._write(ids[start : start + BATCH], texts[start : start + BATCH])

    def _write(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        self._mine()
        self._collection.upsert(ids=list(ids), embeddings=self._embedder.embed_documents(texts))

    def delete(self, ids: Sequence[str]) -> None:
        """Forget vectors; unknown ids are fine."""
        self._mine()
        present = self._collection.get(ids=list(ids), include=[])["ids"]
        if present:
            self._collection.delete(ids=present)

    def query(self, text: str, k: int) -> list[VectorHit]:
        """The ``k`` nearest records, best first."""
        self._mine()
        vector = self._embedder.embed_queries([text])
        if not vector.any():
            return []
        size = self.count()
        if not size:
            return []
        wanted = min(k + len(CANARY_TEXTS), size + len(CANARY_TEXTS))
        found = self._collection.query(query_embeddings=vector, n_results=wanted, include=["distances"])
        # Chroma's "ip" distance is one minus the inner product.
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [VectorHit(name, 1.0 - float(far)) for name, far in pairs if not name.startswith(CANARY)][:k]

    def count(self) -> int:
        """How many records have a vector."""
        self._mine()
        return int(self._collection.count()) - len(CANARY_TEXTS)

    def ids(self) -> set[str]:
        """Every record id in the index."""
        self._mine()
        return {name for name in self._collection.get(include=[])["ids"] if not name.startswith(CANARY)}

    def _mine(self) -> None:
        if self._collection is None:
            raise BusyError("the vector index is closed: open the desk again")
        if os.getpid() != self._process:
            raise BusyError("the vector index was opened before a fork: open it in the process that uses it")

    def close(self) -> None:
        """Let go of the folder and its lock."""
        if self._client is not None:
            from chromadb.api.shared_system_client import SharedSystemClient

            # Chroma keeps one system a path for the life of the process; without this a re-open sees a stale one.
            identifier = self._client._identifier  # type: ignore[attr-defined]  # noqa: SLF001 - the library offers no public name
            SharedSystemClient._identifier_to_system.pop(identifier).stop()  # noqa: SLF001 - the library offers no public name
        self._client = self._collection = None
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _client(folder: Path) -> "ClientAPI":
    import chromadb
    from chromadb.config import Settings

    try:
        return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))
    except Exception as error:
        # The Rust binding raises bare exceptions for a damaged folder.
        raise IndexBrokenError(f"the vector index cannot be opened ({error}): run stoa memory rebuild") from error
