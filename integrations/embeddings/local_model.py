"""A model file that the user has: ``model.onnx`` and ``tokenizer.json`` in a folder, run on the CPU. Nothing is downloaded."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.embeddings.endpoint import fingerprint, normalised
from integrations.settings import EmbeddingSettings
from memory.embedding import Vectors
from memory.errors import EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENS = 512
"""A longer text is cut: what nearly every such model was trained on."""

_ENDS = 1_048_576


class LocalEmbedder:
    """Vectors of length one from a local model that gives one vector a text, or one a token to be pooled."""

    tolerance = 1e-3
    """Elements of a canary may differ by this from one processor to another."""

    def __init__(self, settings: EmbeddingSettings, folder: Path) -> None:
        self._settings = settings
        self._model = folder / "model.onnx"
        self._words = folder / "tokenizer.json"
        for path in (self._model, self._words):
            if not path.is_file():
                raise EmbedderError(f"there is no {path}: embedding.path is a folder with model.onnx and tokenizer.json")

    @cached_property
    def fingerprint(self) -> str:
        """The model by its size, its ends and its tokenizer: reading all of a large file takes seconds at each start."""
        digest = hashlib.sha256(str(self._model.stat().st_size).encode())
        with self._model.open("rb") as file:
            digest.update(file.read(_ENDS))
            file.seek(max(0, self._model.stat().st_size - _ENDS))
            digest.update(file.read())
        digest.update(self._words.read_bytes())
        return fingerprint(self._settings, digest.hexdigest()[:16])

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self.embed_documents(["dimensions"]).shape[1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), float32, of length one."""
        return self._embed([self._settings.document_prefix + text for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions), float32, of length one."""
        return self._embed([self._settings.query_prefix + text for text in texts])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        size = self._settings.batch
        parts = [
            self._batch([text[: self._settings.longest].strip() or "." for text in texts[i : i + size]]) for i in range(0, len(texts), size)
        ]
        return np.vstack(parts) if parts else np.zeros((0, self.dimensions), np.float32)

    def _batch(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        coded = self._tokenizer.encode_batch(list(texts))
        given = {
            "input_ids": np.array([item.ids for item in coded], np.int64),
            "attention_mask": np.array([item.attention_mask for item in coded], np.int64),
            "token_type_ids": np.array([item.type_ids for item in coded], np.int64),
        }
        wanted = {item.name for item in self._session.get_inputs()}
        first = np.asarray(self._session.run(None, {name: value for name, value in given.items() if name in wanted})[0], np.float32)
        if first.ndim == 3:
            first = self._pooled(first, given["attention_mask"])
        return normalised(first, self._model.name)  # type: ignore[arg-type]

    def _pooled(self, states: Any, mask: Any) -> Any:
        if self._settings.pooling == "cls":
            return states[:, 0]
        weights = mask[:, :, None].astype(states.dtype)
        return (states * weights).sum(axis=1) / weights.sum(axis=1).clip(min=1)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(self._words))
        except Exception as error:
            # The library raises its bare Exception for a file it cannot read.
            raise EmbedderError(f"{self._words} is no tokenizer: take the model's own tokenizer.json") from error
        tokenizer.enable_truncation(TOKENS)
        tokenizer.enable_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(str(self._model), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            # The library has a class of its own for each way a file can be wrong, without a common root.
            raise EmbedderError(f"{self._model} is no model that runs here: export it to ONNX again") from error
