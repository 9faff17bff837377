"""DOCX: headings, paragraphs and tables in the order of the body."""

from pathlib import Path

from memory.errors import UnreadableError
from memory.ingest.document import Builder, Document


def read(path: Path) -> Document:
    """The document's body.

    Raises:
        UnreadableError: it is no Word document, or a damaged one.
    """
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

    try:
        word = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise UnreadableError(f"{path.name} is no Word document that can be read: save it again as .docx") from error
    builder = Builder()
    for block in word.iter_inner_content():
        place = f"§ {builder.heading}" if builder.heading else f"paragraph {len(builder.segments) + 1}"
        if isinstance(block, Table):
            rows = [" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows]
            builder.add("\n".join(rows), "table", place)
        elif (style := (block.style.name if block.style else "") or "").startswith("Heading") or style == "Title":
            builder.add_heading(block.text, int(style[-1]) if style[-1].isdigit() else 0)
        else:
            builder.add(block.text, "text", place)
    made = word.core_properties.created
    return Document(
        name=path.name, title=word.core_properties.title or (builder.text.split("\n", 1)[0] or path.stem)[:120],
        text=builder.text, segments=tuple(builder.segments), media_type="application/docx",
        authored=made.date() if made else None, meta={"author": word.core_properties.author or ""},
    )  # fmt: skip
