"""E-mail: who wrote what, when; the text part only."""

import re
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from typing import cast

from memory.errors import UnreadableError
from memory.ingest.boilerplate import Sieve
from memory.ingest.dating import parse_day
from memory.ingest.decoding import decode
from memory.ingest.document import Builder, Document

_QUOTED = re.compile(r"^\s*>", re.MULTILINE)


def read(name: str, content: bytes) -> Document:
    """The subject as heading, sender and date, then the plain text part, or the HTML part as text.

    Raises:
        UnreadableError: it has neither headers nor a text.
    """
    try:
        message = message_from_bytes(content, policy=policy.default)
        headers = {key: str(message[key] or "").strip() for key in ("subject", "from", "to", "date")}
        part = cast("EmailMessage | None", message.get_body(("plain", "html")))
        attached = [str(item.get_filename() or item.get_content_type()) for item in message.iter_attachments()]
        body, warnings = _content(part) if part is not None else ("", ())
    except (MessageError, LookupError, ValueError, AttributeError) as error:
        raise UnreadableError(f"{name} is no e-mail that can be read: export it again as .eml") from error
    if not headers["from"] and not headers["subject"]:
        raise UnreadableError(f"{name} has neither a sender nor a subject: export the e-mail again as .eml")
    builder = Builder()
    builder.add_heading(headers["subject"], 1)
    shown = [f"{key.capitalize()}: {headers[key]}" for key in ("from", "to", "date") if headers[key]]
    builder.add("\n".join(shown), "text", "headers")
    warnings += _add_body(body, part is not None and part.get_content_subtype() == "html", builder)
    if attached:
        warnings += (f"{len(attached)} attachments were not read, save them as files: {', '.join(attached)[:200]}",)
    return Document(
        name=name,
        title=headers["subject"] or builder.first_line or name.rsplit(".", 1)[0],
        text=builder.text,
        segments=tuple(builder.segments),
        media_type="message/rfc822",
        authored=parse_day(headers["date"]),
        meta={"author" if key == "from" else key: value for key, value in headers.items() if value},
        warnings=warnings,
    )


def _content(part: EmailMessage) -> tuple[str, tuple[str, ...]]:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return "", ()
    return decode(payload, part.get_content_charset("") or "")


def _add_body(body: str, is_html: bool, builder: Builder) -> tuple[str, ...]:
    if is_html:
        from memory.ingest.html import add_article, parse

        return add_article(parse(body), builder)
    sieve = Sieve(body)
    kept = "\n".join(line for line in body.split("\n") if sieve.keeps(line))
    for number, paragraph in enumerate((p for p in re.split(r"\n\s*\n", kept) if p.strip()), 1):
        builder.add(paragraph, "quote" if _QUOTED.match(paragraph) else "text", f"paragraph {number}")
    return sieve.warnings()
