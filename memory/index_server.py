"""The vector index on a Chroma server: for several processes, on one machine or many.

A server is reached by all who can reach its port, for Chroma asks for no password: keep it on loopback or behind a proxy that
checks one. While it is away the desk searches by words alone, and the outbox keeps what is to be indexed.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from typing import Any, Self, cast

from memory.embedding import Embedder
from memory.errors import BusyError, IndexBrokenError
from memory.index import BATCH, CANARY, CANARY_TEXTS, HNSW, VectorHit, VectorIndex, collection_name, open_client

SECONDS = 30.0
"""How long a request may take."""


class ServerIndex(VectorIndex):
    """A desk's collection on a server. Fulfils what ``VectorIndex`` does, without a folder or its lock."""

    def __init__(self, url: str, desk: str, embedder: Embedder, warn: Callable[[str], None]) -> None:
        self._url = url
        self._desk = desk
        self._warn = warn
        self._embedder = embedder
        self._process = os.getpid()
        self._client = None
        self._collection: Any = None
        self.fresh = False
        self.lost = False

    @classmethod
    def connect(cls, url: str, desk: str, embedder: Embedder, warn: Callable[[str], None]) -> Self:
        """Open the desk's collection; where there is none an empty one is made, and ``fresh`` is set: fill it.

        Raises:
            BusyError: nothing answers at the URL.
            IndexBrokenError: its vectors are not what they were: rebuild it.
        """
        index = cls(url, desk, embedder, warn)
        with ExitStack() as undo:
            undo.callback(index.close)
            with _away(url):
                index._client = open_client(url)
                index._wait_no_longer_than(SECONDS)
                index._make()
                index.check()
            undo.pop_all()
        return index

    def _wait_no_longer_than(self, seconds: float) -> None:
        # Chroma's client waits for ever, and offers no public way to change that.
        server = getattr(self._client, "_server", None)
        if session := getattr(server, "_session", None):
            session.timeout = seconds

    @property
    def _name(self) -> str:
        return f"{collection_name(self._embedder)}-{self._desk}"

    def _make(self) -> None:
        assert self._client is not None
        self._collection = self._client.get_or_create_collection(
            name=self._name, metadata={"fingerprint": self._embedder.fingerprint}, embedding_function=None,
            configuration=cast("Any", {"hnsw": HNSW}),
        )  # fmt: skip
        self.fresh = not self._collection.count()
        if self.fresh:
            self.upsert([f"{CANARY}{i}" for i in range(len(CANARY_TEXTS))], CANARY_TEXTS)

    def refill(self, pairs: Iterable[tuple[str, str]], progress: Callable[[int], None] | None = None) -> None:
        """Build the collection anew from (id, text) pairs; meanwhile others search by words alone."""
        assert self._client is not None
        with _away(self._url):
            self._forget()
            self._make()
        waiting, done = iter(pairs), 0
        while batch := list(islice(waiting, BATCH)):
            self.upsert([name for name, _ in batch], [text for _, text in batch])
            done += len(batch)
            if progress:
                progress(done)
        self.fresh = self.lost = False

    def _forget(self) -> None:
        from chromadb.errors import NotFoundError

        assert self._client is not None
        with suppress(NotFoundError):
            self._client.delete_collection(self._name)

    def query(self, text: str, k: int) -> list[VectorHit]:
        """The ``k`` nearest records; none, said aloud, while the server is away or has lost the collection, which sets ``lost``."""
        try:
            with _away(self._url):
                return super().query(text, k)
        except BusyError as error:
            self._warn(f"searching by words alone: {error}")
        except IndexBrokenError:
            self.lost = True
        return []

    def upsert(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Write vectors.

        Raises:
            BusyError: the server is away.
        """
        with _away(self._url):
            super().upsert(ids, texts)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget vectors."""
        with _away(self._url):
            super().delete(ids)

    def mark(self, through: int) -> None:
        """Write how far it goes."""
        with _away(self._url):
            super().mark(through)

    def close(self) -> None:
        """Let go of the connections."""
        self._disconnect()


@contextmanager
def _away(url: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.HTTPError as error:
        raise BusyError(_sentence(url)) from error
    except IndexBrokenError as error:
        if isinstance(error.__cause__, ValueError) and "connect" in str(error.__cause__).lower():
            raise BusyError(_sentence(url)) from error
        raise


def _sentence(url: str) -> str:
    return f"no Chroma server answers at {url}: start it with chroma run, or mend chroma.url"
