"""Any endpoint that speaks ``POST /v1/embeddings``: llama.cpp, Ollama, vLLM, TEI, LM Studio, or a provider."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from integrations.settings import EmbeddingSettings
from memory.embedding import Vectors
from memory.errors import EmbedderError

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 4
LONGEST_WAIT = 20.0
"""Seconds between two attempts at the most, whatever the endpoint asks for."""


class EndpointEmbedder:
    """Vectors of length one from an endpoint. A busy or broken answer is asked for again, a refusal is not."""

    tolerance = 0.02
    """Elements of a canary may differ by this: an endpoint computes in half precision and in batches of its own."""

    def __init__(self, settings: EmbeddingSettings, key: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._key = key
        self._wait = wait

    @property
    def fingerprint(self) -> str:
        """Provider, model and everything that changes a passage's vector; not the address, which the canaries watch."""
        return fingerprint(self._settings, self._settings.model)

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector, asked for once."""
        return int(self.embed_documents(["dimensions"]).shape[1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), float32, of length one.

        Raises:
            EmbedderError: the endpoint gives none.
        """
        return self._embed([self._settings.document_prefix + text for text in texts], "document")

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), float32, of length one.

        Raises:
            EmbedderError: the endpoint gives none.
        """
        return self._embed([self._settings.query_prefix + text for text in texts], "query")

    def _embed(self, texts: Sequence[str], side: str) -> Vectors:
        import numpy as np

        size = self._settings.batch
        parts = [
            self._batch([text[: self._settings.longest].strip() or "." for text in texts[i : i + size]], side)
            for i in range(0, len(texts), size)
        ]
        return np.vstack(parts) if parts else np.zeros((0, self.dimensions), np.float32)

    def _batch(self, texts: Sequence[str], side: str) -> Vectors:
        rows = self._rows(self._post(self.body(texts, side)), len(texts))
        return normalised(rows, self._settings.model)

    def body(self, texts: Sequence[str], side: str) -> dict[str, Any]:
        """What is sent for a batch."""
        del side
        asked: dict[str, Any] = {"model": self._settings.model, "input": list(texts), "encoding_format": "float"}
        return asked | ({"dimensions": self._settings.dimensions} if self._settings.dimensions else {})

    @property
    def url(self) -> str:
        """Where it is sent."""
        return f"{self._settings.base_url.rstrip('/')}/embeddings"

    def _rows(self, answer: Mapping[str, Any], count: int) -> list[list[float]]:
        data = answer.get("data")
        if not isinstance(data, list) or len(data) != count:
            raise EmbedderError(f"{self.url} gave no list of {count} vectors: is it an embedding model?")
        try:
            return [item["embedding"] for item in sorted(data, key=lambda item: item.get("index", 0))]
        except (KeyError, TypeError, AttributeError) as error:
            raise EmbedderError(f"{self.url} gave vectors in another form: check embedding.base_url") from error

    def _post(self, body: dict[str, Any]) -> Mapping[str, Any]:
        import httpx

        problem = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = self._client.post(self.url, json=body)
            except httpx.TransportError as error:
                problem, pause = f"{type(error).__name__}", 0.5 * 2**attempt
            else:
                if answer.status_code == httpx.codes.OK:
                    return self._parsed(answer)
                problem, pause = f"HTTP {answer.status_code}", _pause(answer, attempt)
                if answer.status_code not in {408, 409, 429} and answer.status_code < 500:
                    raise EmbedderError(f"{self.url} refuses ({problem}): check embedding.model, base_url and the key")
            if attempt + 1 < ATTEMPTS:
                self._wait(pause)
        raise EmbedderError(f"{self.url} gives no vectors ({problem}): start it, or change [embedding] in stoa.toml")

    def _parsed(self, answer: "httpx.Response") -> Mapping[str, Any]:
        try:
            found = answer.json()
        except ValueError as error:
            raise EmbedderError(f"{self.url} answered something that is no JSON: check embedding.base_url") from error
        if not isinstance(found, dict):
            raise EmbedderError(f"{self.url} answered something that is no object: check embedding.base_url")
        return found

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return httpx.Client(headers=headers, timeout=self._settings.timeout_seconds)

    def close(self) -> None:
        """Let go of the connections."""
        if "_client" in self.__dict__:
            self._client.close()


def fingerprint(settings: EmbeddingSettings, model: str) -> str:
    """Names a model and what is done to a text before it sees it."""
    told = f"{settings.document_prefix}\n{settings.query_prefix}\n{settings.longest}\n{settings.pooling}"
    size = settings.dimensions or "own"
    return f"{settings.provider}:{model}:{size}:{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def normalised(rows: Sequence[Sequence[float]], model: str) -> Vectors:
    """Rows as float32 of length one.

    Raises:
        EmbedderError: rows of different lengths, or a row with a value that is no number or without any direction.
    """
    import numpy as np

    try:
        vectors = np.asarray(rows, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise EmbedderError(f"{model} gave vectors of different lengths: is it an embedding model?") from error
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if vectors.ndim == 2 else np.zeros(1)
    if vectors.ndim != 2 or not np.isfinite(vectors).all() or not (lengths > 0).all():
        raise EmbedderError(f"{model} gave a vector that is no direction: is it an embedding model?")
    unit: Vectors = vectors / lengths
    return unit


def _pause(answer: "httpx.Response", attempt: int) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), LONGEST_WAIT) if asked.replace(".", "", 1).isdigit() else 0.5 * 2**attempt
