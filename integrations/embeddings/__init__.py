"""Embedding models by setting: each file fulfils ``memory.embedding.Embedder``."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from integrations.settings import EmbeddingSettings, variable

if TYPE_CHECKING:
    from memory.embedding import Embedder

VOYAGE_KEY = "VOYAGE_API_KEY"


def make_embedder(settings: EmbeddingSettings, folder: Path, hashed: Callable[[], "Embedder"]) -> "Embedder":
    """The embedder of a setting.

    Args:
        settings: which, and how.
        folder: the desk's folder; a local model's path is read from there.
        hashed: makes the default, which belongs to the desk.

    Raises:
        InputError: a key is missing.
        EmbedderError: a local model cannot be read.
    """
    match settings.provider:
        case "hashed":
            return hashed()
        case "endpoint":
            from integrations.embeddings.endpoint import EndpointEmbedder

            return EndpointEmbedder(settings, variable(settings.key_env) if settings.key_env else "")
        case "voyage":
            from integrations.embeddings.voyage import VoyageEmbedder

            return VoyageEmbedder(settings, variable(settings.key_env or VOYAGE_KEY))
        case "onnx":
            from integrations.embeddings.local_model import LocalEmbedder

            return LocalEmbedder(settings, folder / settings.path)
