"""Vectors that were paid for once are kept: by the text's hash and the model's fingerprint, in a file beside the desk's.

A rebuild, a restored index or a text that comes again then costs a read. The file holds nothing that cannot be made
anew: it may be deleted at any time.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from memory.embedding import Embedder, Vectors
from memory.errors import EmbedderError
from memory.index import CANARY_TEXTS

if TYPE_CHECKING:
    import numpy as np

ASKED_AT_ONCE = 500
"""Hashes a statement."""


class VectorCache:
    """The file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A lost vector is embedded again: no write waits for the disk.
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors (fingerprint TEXT, hash BLOB, vector BLOB, PRIMARY KEY (fingerprint, hash)) WITHOUT ROWID"
        )

    def get(self, fingerprint: str, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """The vectors that are there, by hash."""
        found: dict[bytes, bytes] = {}
        with self._lock:
            for start in range(0, len(hashes), ASKED_AT_ONCE):
                some = hashes[start : start + ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT hash, vector FROM vectors WHERE fingerprint = ? AND hash IN ({marks})"  # noqa: S608 - marks alone
                found.update(self._connection.execute(query, [fingerprint, *some]))
        return found

    def put(self, fingerprint: str, vectors: dict[bytes, bytes]) -> None:
        """Keep vectors; those that are there stay."""
        rows = [(fingerprint, name, vector) for name, vector in vectors.items()]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)
            self._connection.execute("COMMIT")

    def forget(self, fingerprint: str) -> int:
        """Drop the vectors of every other model; returns how many."""
        with self._lock:
            return int(self._connection.execute("DELETE FROM vectors WHERE fingerprint <> ?", [fingerprint]).rowcount)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


class CachedEmbedder:
    """An embedder that asks its model once for each text, and says so when a question cannot be embedded.

    A question whose vector cannot be had becomes a vector of zeros, for which the index finds nothing: the search goes
    on by words alone, and ``warn`` is told. A passage waits in the outbox instead.
    """

    def __init__(self, embedder: Embedder, cache: VectorCache, warn: Callable[[str], None]) -> None:
        self._embedder = embedder
        self._cache = cache
        self._warn = warn
        self._canaries = frozenset(CANARY_TEXTS)
        self.tolerance = getattr(embedder, "tolerance", 0.0)

    @property
    def fingerprint(self) -> str:
        """The model's."""
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """The model's."""
        return self._embedder.dimensions

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """The model's vectors. Canaries are always asked for anew: they are there to notice that the model changed."""
        return self._cached(texts, "d")

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The model's vectors, or zeros when it cannot be reached."""
        import numpy as np

        try:
            return self._cached(texts, "q")
        except EmbedderError as error:
            self._warn(f"searching by words alone: {error}")
            return np.zeros((len(texts), 1), np.float32)

    def close(self) -> None:
        """Let go of the model's connections, where it has some."""
        if close := getattr(self._embedder, "close", None):
            close()

    def _cached(self, texts: Sequence[str], side: str) -> Vectors:
        import numpy as np

        hashes = [blake2b(f"{side}\n{text}".encode(), digest_size=16).digest() for text in texts]
        known = self._cache.get(self.fingerprint, [name for name, text in zip(hashes, texts, strict=True) if text not in self._canaries])
        missing = {name: text for name, text in zip(hashes, texts, strict=True) if name not in known}
        if missing:
            known |= self._asked(missing, side)
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.vstack([np.frombuffer(known[name], np.float32) for name in hashes])

    def _asked(self, missing: dict[bytes, str], side: str) -> dict[bytes, bytes]:
        embed = self._embedder.embed_documents if side == "d" else self._embedder.embed_queries
        fresh: np.ndarray = embed(list(missing.values()))
        made = {name: row.tobytes() for name, row in zip(missing, fresh, strict=True)}
        self._cache.put(self.fingerprint, {name: made[name] for name, text in missing.items() if text not in self._canaries})
        return made
