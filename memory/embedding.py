"""Vectors for the index: by default hashed BM25, which needs no weights, no download and knows any language."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from memory.text import tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]
else:
    Vectors = Any

HASHED = "bm25h-"
"""How the fingerprint of hashed words begins."""

SLICE = 1_000
"""Texts embedded at once: the work space stays at 8 MB for 1,024 dimensions."""


class Embedder(Protocol):
    """Texts to vectors whose inner product is their likeness."""

    @property
    def fingerprint(self) -> str:
        """Names the model and its settings: another fingerprint is another index."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), float32."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), float32."""
        ...


class HashedBM25:
    """BM25 term weights hashed into a fixed number of signed dimensions (feature hashing, Weinberger et al. 2009).

    The document side carries the saturated term frequency, ``tf (k1 + 1) / (tf + k1 (1 - b + b len / mean))`` of
    Robertson and Zaragoza (2009), the query side the inverse document frequency, so that the inner product of the
    two estimates the BM25 score. Collisions cancel on average because each token also has a hashed sign. Queries are
    scaled to length one, which changes no order. Documents are divided by the square root of their length: long
    vectors hide short ones in the graph. Of BM25's first ten, the graph's first 120 then hold 0.77, against 0.69 for
    documents left alone and 0.75 for documents of length one.
    """

    K1 = 1.2
    B = 0.5
    MEAN_LENGTH = 120.0

    def __init__(self, dimensions: int = 1024, idf: Callable[[str], float] | None = None) -> None:
        """Make one.

        Args:
            dimensions: length of a vector.
            idf: the weight of a search token in a query, higher for a rarer one; by default all count the same.
        """
        self._dimensions = dimensions
        self._idf = idf or (lambda _token: 1.0)

    @property
    def fingerprint(self) -> str:
        """The settings, and the version of the tokens and of what is embedded of a record, that change a document's vector."""
        return f"{HASHED}{self._dimensions}-{self.K1}-{self.B}-{self.MEAN_LENGTH:.0f}-v4"

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._dimensions

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of saturated term frequencies, their length the square root of what it was; a text without a token is all zeros."""
        import numpy as np

        def weights(counts: Sequence[Counter[str]]) -> Vectors:
            frequency = np.fromiter(chain.from_iterable(count.values() for count in counts), np.float64)
            lengths = np.fromiter((count.total() for count in counts), np.float64)
            saturation = self.K1 * (1 - self.B + self.B * lengths / self.MEAN_LENGTH)
            per_token = np.repeat(saturation, [len(count) for count in counts])
            return np.asarray(frequency * (self.K1 + 1) / (frequency + per_token))

        vectors = self._embed(texts, weights)
        vectors /= np.sqrt(_lengths(vectors))
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of inverse document frequencies, of length one; a text without a token is all zeros."""
        import numpy as np

        def weights(counts: Sequence[Counter[str]]) -> Vectors:
            return np.fromiter(map(self._idf, chain.from_iterable(counts)), np.float64)

        vectors = self._embed(texts, weights)
        vectors /= _lengths(vectors)
        return vectors

    def _embed(self, texts: Sequence[str], weights: Callable[[Sequence[Counter[str]]], Vectors]) -> Vectors:
        import numpy as np

        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for start in range(0, len(texts), SLICE):
            counts = [Counter(tokens(text)) for text in texts[start : start + SLICE]]
            codes = np.fromiter(map(_code, chain.from_iterable(counts)), np.int64)
            rows = np.repeat(np.arange(len(counts)), [len(count) for count in counts])
            places = rows * self._dimensions + (codes >> 1) % self._dimensions
            signed = weights(counts) * (1 - 2 * (codes & 1))
            dense = np.bincount(places, signed, len(counts) * self._dimensions)
            vectors[start : start + SLICE] = dense.reshape(len(counts), self._dimensions)
        return vectors


def _lengths(vectors: Vectors) -> Vectors:
    """Each vector's length as a column to divide by: one for a vector of zeros."""
    import numpy as np

    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return np.where(lengths > 0, lengths, np.float32(1))[:, None]


@lru_cache(maxsize=500_000)
def _code(token: str) -> int:
    """A token's hash of 63 bits, the same in every process and version, unlike hash(); its last bit is the sign."""
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest()) >> 1
