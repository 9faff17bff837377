"""E-mail: who wrote what, when; the text part only."""

from datetime import date
from email import message_from_bytes, policy
from email.errors import MessageError
from email.utils import parsedate_to_datetime
from pathlib import Path

from memory.errors import UnreadableError
from memory.ingest.document import Builder, Document


def read(path: Path) -> Document:
    """Subject, sender and date as meta; the plain text part, or the HTML one as text."""
    try:
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        part = message.get_body(("plain", "html"))
        content = part.get_content() if part else ""
    except (MessageError, LookupError, KeyError) as error:
        raise UnreadableError(f"{path.name} is no e-mail that can be read: export it again as .eml") from error
    if part is not None and part.get_content_subtype() == "html":
        from bs4 import BeautifulSoup

        content = BeautifulSoup(content, "lxml").get_text("\n")
    builder = Builder()
    for number, paragraph in enumerate(str(content).replace("\r\n", "\n").split("\n\n"), 1):
        builder.add(paragraph, "text", f"paragraph {number}")
    return Document(
        name=path.name, title=str(message["subject"] or path.stem), text=builder.text, segments=tuple(builder.segments),
        media_type="message/rfc822", authored=_sent(str(message["date"] or "")), meta={"author": str(message["from"] or "")},
    )  # fmt: skip


def _sent(raw: str) -> date | None:
    try:
        return parsedate_to_datetime(raw).date()
    except ValueError:
        return None
