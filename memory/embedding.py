"""Vectors for the index: by default hashed BM25, which needs no weights, no download and knows any language."""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from memory.text import tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]
else:
    Vectors = Any


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
    """BM25 term weights hashed into a fixed number of signed dimensions (feature hashing).

    The document side carries the saturated term frequency, ``tf (k1 + 1) / (tf + k1 (1 - b + b len / mean))`` of
    Robertson and Zaragoza (2009), the query side the inverse document frequency, so that the inner product of the
    two estimates the BM25 score. Collisions cancel on average because each token also has a hashed sign.
    """

    K1 = 1.2
    B = 0.5
    MEAN_LENGTH = 120.0

    def __init__(self, dimensions: int = 1024, idf: Callable[[str], float] | None = None) -> None:
        self._dimensions = dimensions
        self._idf = idf or (lambda _token: 1.0)

    @property
    def fingerprint(self) -> str:
        """The settings that change a document's vector."""
        return f"bm25h-{self._dimensions}-{self.K1}-{self.B}-{self.MEAN_LENGTH:.0f}-v1"

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._dimensions

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of saturated term frequencies."""
        return self._embed(texts, self._document_weights)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of inverse document frequencies."""
        return self._embed(texts, lambda counts: {token: self._idf(token) for token in counts})

    def _document_weights(self, counts: Counter[str]) -> dict[str, float]:
        length = 1 - self.B + self.B * counts.total() / self.MEAN_LENGTH
        return {token: n * (self.K1 + 1) / (n + self.K1 * length) for token, n in counts.items()}

    def _embed(self, texts: Sequence[str], weigh: Callable[[Counter[str]], dict[str, float]]) -> Vectors:
        import numpy as np

        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            weights = weigh(Counter(tokens(text)))
            if not weights:
                continue
            places = [_place(token, self._dimensions) for token in weights]
            signed = np.fromiter((sign * weight for (_, sign), weight in zip(places, weights.values(), strict=True)), np.float32)
            np.add.at(vectors[row], [column for column, _ in places], signed)
            vectors[row] /= math.sqrt(float(np.dot(vectors[row], vectors[row]))) or 1.0
        return vectors


@lru_cache(maxsize=500_000)
def _place(token: str, dimensions: int) -> tuple[int, float]:
    """Where a token lands, and its sign: stable across processes and versions, unlike hash()."""
    code = zlib.crc32(token.encode())
    return code % dimensions, 1.0 if zlib.adler32(token.encode()) & 1 else -1.0
