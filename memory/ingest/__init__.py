"""Documents in: one reader a format, offsets kept, so that a quote opens its place."""

from memory.ingest.chunk import Chunk, chunk
from memory.ingest.document import Document, Segment
from memory.ingest.read import expand, read_document

__all__ = ["Chunk", "Document", "Segment", "chunk", "expand", "read_document"]
