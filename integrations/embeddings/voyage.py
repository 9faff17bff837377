"""Voyage's embeddings over its REST endpoint: it wants to know which side of the search a text is on."""

from collections.abc import Sequence
from typing import Any

from integrations.embeddings.endpoint import EndpointEmbedder

URL = "https://api.voyageai.com/v1"


class VoyageEmbedder(EndpointEmbedder):
    """Vectors from Voyage."""

    @property
    def url(self) -> str:
        """Voyage's own address, or the one of the settings."""
        return f"{(self._settings.base_url or URL).rstrip('/')}/embeddings"

    def body(self, texts: Sequence[str], side: str) -> dict[str, Any]:
        """What is sent for a batch."""
        asked: dict[str, Any] = {"model": self._settings.model, "input": list(texts), "input_type": side, "truncation": True}
        return asked | ({"output_dimension": self._settings.dimensions} if self._settings.dimensions else {})
