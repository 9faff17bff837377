"""A new vector index beside the old one, which goes on serving until the new one takes its place.

Needed when the embedding model changes: embedding a large memory again takes hours, and nobody waits for it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from memory.embedding import Embedder
from memory.errors import StoaError
from memory.index import BATCH, VectorHit, VectorIndex, _put_in_place
from memory.store import Store


class StoppedError(StoaError):
    """The build was asked to stop; the old index serves as before."""


class _Gate:
    """Many readers or one writer; a waiting writer goes first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._closing = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            self._closing = True
            self._changed.wait_for(lambda: self._readers == 0)
        try:
            yield
        finally:
            with self._changed:
                self._closing = False
                self._changed.notify_all()


class SwappableIndex(VectorIndex):
    """A vector index that another one can replace while it is in use."""

    def __init__(self, folder: Path, embedder: Embedder, lock: FileLock) -> None:
        super().__init__(folder, embedder, lock)
        self._gate = _Gate()
        self.writing = threading.RLock()

    @property
    def folder(self) -> Path:
        """Where it stands."""
        return self._folder

    def query(self, text: str, k: int) -> list[VectorHit]:
        """The ``k`` nearest records, best first."""
        with self._gate.reading():
            return super().query(text, k)

    def upsert(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Write vectors; while the other index is being put in place this waits, and then writes to that one."""
        with self.writing:
            super().upsert(ids, texts)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget vectors."""
        with self.writing:
            super().delete(ids)

    def mark(self, through: int) -> None:
        """Write how far it goes."""
        with self.writing:
            super().mark(through)

    def replace(self, built: Path, embedder: Embedder) -> None:
        """Put an index that was built in another folder in this one's place. The caller holds ``writing``."""
        with self._gate.alone():
            self._disconnect()
            _put_in_place(built, self._folder)
            self._embedder = embedder
            self._connect()


def reindex(store: Store, serving: SwappableIndex, embedder: Embedder, progress: Callable[[int], None], stop: threading.Event) -> int:
    """Build an index with another model from SQL and put it in place; returns how many records it holds.

    Records that come or end meanwhile are caught up twice: once while all goes on, and once, which is short, while
    writers to the index wait. Readers wait for the exchange of two folders only. A crash leaves the old index.

    Raises:
        StoppedError: ``stop`` was set.
        EmbedderError: the new model gives no vectors; the old index serves as before.
    """

    def told(done: int) -> None:
        if stop.is_set():
            raise StoppedError("the new index is not finished: it is built again at the next start")
        progress(done)

    beside = serving.folder.with_name(f"{serving.folder.name}-next")
    fresh = VectorIndex.rebuild(beside, embedder, store.live_texts(), told)
    try:
        _catch_up(store, fresh)
        with serving.writing:
            through = store.indexed()
            count = _catch_up(store, fresh)
            fresh.mark(through)
            fresh.close()
            serving.replace(beside, embedder)
    finally:
        fresh.close()
    return count


def _catch_up(store: Store, index: VectorIndex) -> int:
    """Make the index hold the live records and no other; returns how many there are."""
    wanted = {name for name, _ in store.live_texts()}
    held = index.ids()
    missing = sorted(wanted - held)
    for start in range(0, len(missing), BATCH):
        texts = dict(store.live_texts(missing[start : start + BATCH]))
        index.upsert(list(texts), list(texts.values()))
    index.delete(sorted(held - wanted))
    return len(wanted)
