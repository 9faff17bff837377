"""The desk's vector channel: which model, which index, and what to do when either is not there."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from integrations.indexing import Reindexing, made_with, now_made_with
from integrations.settings import EmbeddingSettings, Settings
from integrations.vector_weights import VectorWeights
from memory.errors import BusyError, EmbedderError, IndexBrokenError, InputError
from memory.store import IndexWork, Store

if TYPE_CHECKING:
    from memory.embedding import Embedder
    from memory.index_server import ServerIndex
    from memory.reindex import SwappableIndex
    from memory.vector_cache import VectorCache
    from memory.weighing import Measured

Frequency = Callable[[Sequence[str]], dict[str, int]]
"""In how many records each search token stands."""


class VectorChannel:
    """Opens the index when it is first asked for; what goes wrong is said aloud, and search goes on by words."""

    def __init__(self, folder: Path, settings: Settings, store: Store, frequency: Frequency, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._state = folder / ".stoa"
        self._settings = settings
        self._store = store
        self._document_frequency = frequency
        self._warn = warn
        self._index: SwappableIndex | ServerIndex | None = None
        self._reindexing: Reindexing | None = None
        self._vectors: VectorCache | None = None
        self._opened = ExitStack()
        self._index_tried = False
        self.weights = VectorWeights(self._state)

    @cached_property
    def embedder(self) -> "Embedder":
        """What makes the vectors, by setting."""
        return self._embedder(self._settings.embedding)

    def _embedder(self, settings: EmbeddingSettings) -> "Embedder":
        from integrations.embeddings import make_embedder

        made = make_embedder(settings, self._folder, self._hashed)
        if settings.provider == "hashed":
            return made
        from memory.vector_cache import CachedEmbedder, VectorCache

        if self._vectors is None:
            self._vectors = VectorCache(self._state / "vectors.db")
            self._opened.callback(self._vectors.close)
        cached = CachedEmbedder(made, self._vectors, self._warn)
        self._opened.callback(cached.close)
        return cached

    def _hashed(self) -> "Embedder":
        """The default embedding, its query side weighted by how rare a word is in this desk."""
        from memory.embedding import HashedBM25
        from memory.recall import inverse_document_frequency
        from memory.text import fts_word

        total = self._store.count()
        memo: dict[str, float] = {}

        def idf(token: str) -> float:
            if token not in memo:
                containing = self._document_frequency([fts_word(token)]).get(fts_word(token), 0)
                memo[token] = inverse_document_frequency(max(total, containing), containing)
            return memo[token]

        return HashedBM25(idf=idf)

    def opened(self) -> "SwappableIndex | ServerIndex | None":
        """The vector index; None, said aloud, while another process holds it. A broken one is rebuilt from SQL.

        An index of the model that was set before goes on serving; ``stoa memory rebuild`` or a server replaces it. Hashed words see what
        the lexical channel sees, so a large desk without a model searches by words alone, and nothing is missing.
        """
        if self.by_words:
            return None
        if not self._index_tried:
            self._index_tried = True
            try:
                if self._settings.chroma.url:
                    self._index = self._served()
                else:
                    self._open_index()
            except (BusyError, EmbedderError) as error:
                self._warn(f"searching by words alone: {error}")
            except IndexBrokenError as error:
                self._rebuild_after(error)
        elif getattr(self._index, "lost", False):
            self._rebuild_after("the server has lost it")
        return self._index

    @cached_property
    def by_words(self) -> bool:
        """Whether the desk is too large for vectors of hashed words; found out once."""
        return self._settings.embedding.provider == "hashed" and self._store.count() > self._settings.chroma.most_hashed

    def _rebuild_after(self, what: object) -> None:
        from memory.index import MEND

        self._warn(f"rebuilding the vector index from the records: {str(what).removesuffix(f': {MEND}')}")
        self.rebuild()

    def _served(self) -> "ServerIndex":
        """The index on the Chroma server; one that was never filled, or lost what it held, is filled from SQL."""
        from memory.identity import desk_id
        from memory.index_server import ServerIndex

        index = ServerIndex.connect(self._settings.chroma.url, desk_id(self._store.database), self.embedder, self._warn)
        if index.fresh and self._store.count():
            self._refill(index)
        self._check_age(index)
        return index

    def _check_age(self, index: "SwappableIndex | ServerIndex") -> None:
        if index.marked() < self._store.indexed():
            index.close()
            raise IndexBrokenError("the vector index is an older copy: it lacks what was indexed since")

    def _refill(self, index: "ServerIndex") -> None:
        waiting = self._store.index_work(10_000_000)
        index.refill(self._store.live_texts())
        self._caught_up(index, waiting)

    def _caught_up(self, index: "SwappableIndex | ServerIndex", waiting: "Sequence[IndexWork]") -> None:
        index.mark(max(self._store.indexed(), waiting[-1].seq if waiting else 0))
        if waiting:
            self._store.index_done(waiting[-1].seq)

    def _open_index(self) -> None:
        from memory.reindex import SwappableIndex

        before = made_with(self._state)
        if before is not None and before != self._settings.embedding:
            old = self._embedder(before)
            if old.fingerprint != self.embedder.fingerprint:
                self._index = SwappableIndex.open(self._state / "chroma", old)
                self._warn(f"the vector index is still of {old.fingerprint}: stoa memory rebuild makes one of {self.embedder.fingerprint}")
                return
        opened = SwappableIndex.open(self._state / "chroma", self.embedder)
        self._check_age(opened)
        self._index = opened
        now_made_with(self._state, self._settings.embedding)

    @property
    def outdated(self) -> bool:
        """Whether the index was made with another setting than the desk has now."""
        return made_with(self._state) not in (None, self._settings.embedding)

    def reindex(self) -> "Reindexing | None":
        """Begin to build the index of a newly set model while the old one serves; None when there is nothing to do."""
        from memory.reindex import SwappableIndex

        if not self.outdated:
            return self._reindexing
        index = self.opened()
        if not isinstance(index, SwappableIndex) or index.fingerprint == self.embedder.fingerprint or self._reindexing is not None:
            return self._reindexing
        done = partial(now_made_with, self._state, self._settings.embedding)
        self._reindexing = Reindexing(self._store, index, self.embedder, done, self._warn)
        self._reindexing.start()
        return self._reindexing

    def rebuild(self) -> int:
        """Build the vector index anew from SQL; returns how many records it holds."""
        from memory.index_server import ServerIndex
        from memory.reindex import SwappableIndex

        self._index_tried = True
        if self.by_words:
            return 0
        if self._settings.chroma.url:
            index = self._index if isinstance(self._index, ServerIndex) else self._served()
            self._refill(index)
            self._index = index
            return index.count()
        if self._index is not None:
            self._index.close()
            self._index = None
        waiting = self._store.index_work(10_000_000)
        self._index = SwappableIndex.rebuild(self._state / "chroma", self.embedder, self._store.live_texts())
        now_made_with(self._state, self._settings.embedding)
        self._caught_up(self._index, waiting)
        return self._index.count()

    def weigh(self, progress: Callable[[float], None]) -> "Measured":
        """Measure what the model's vectors are worth, and let that count from now on.

        Raises:
            InputError: the desk has no embedding model.
            EmbedderError: it gives no vectors.
        """
        from memory.weighing import weigh

        if self._settings.embedding.provider == "hashed":
            raise InputError("there is no embedding model to weigh: set embedding.provider in stoa.toml")
        measured = weigh(self.embedder, progress)
        self.weights.keep(measured)
        return measured

    def drain(self) -> int:
        """Bring the vector index up to date; returns how many lines of the outbox were done."""
        if not self._store.index_lag():
            return 0
        if self.by_words:
            # What is not indexed need not wait; a model that is set later is given every record.
            waiting = self._store.index_work(10_000_000)
            self._store.index_done(waiting[-1].seq)
            return len(waiting)
        index = self.opened()
        try:
            return self._drained(index) if index else 0
        except (BusyError, EmbedderError) as error:
            self._warn(f"{self._store.index_lag()} records wait for the vector index: {error}")
            return 0

    def _drained(self, index: "SwappableIndex | ServerIndex") -> int:
        from memory.recall import Indexer

        try:
            return Indexer(self._store, index).drain()
        except IndexBrokenError as error:
            waiting = self._store.index_lag()
            self._rebuild_after(error)
            return waiting

    def close(self) -> None:
        """Let go of the index, its lock and the vectors that are kept."""
        if self._reindexing is not None:
            self._reindexing.stop()
        if self._index is not None:
            self._index.close()
            self._index = None
        self._opened.close()
        self._vectors = None
