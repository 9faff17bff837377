import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from memory.errors import UnreadableError
from memory.ingest import expand, read_document
from tests.memory.ingest.samples import (
    ARTICLE,
    CSV,
    MARKDOWN,
    PAGE,
    SIMPLIFIED,
    check_laws,
    mail,
    parquet,
    pdf,
    report_pdf,
    word,
    write,
)

SAMPLES = {
    "note.md": MARKDOWN.encode(),
    "note.txt": f"{ARTICLE}\n\n{SIMPLIFIED}\n".encode(),
    "page.html": PAGE.encode(),
    "report.pdf": report_pdf(4),
    "memo.docx": word(),
    "silver.csv": CSV.encode(),
    "silver.parquet": parquet({"date": [date(2026, 1, 5)], "close": [70.1]}),
    "mail.eml": mail(ARTICLE),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_keeps_offsets_and_covers_its_text(tmp_path: Path, name: str) -> None:
    document = read_document(write(tmp_path, name, SAMPLES[name]))
    check_laws(document)
    check_laws(document, 60, 120)
    assert document.name == name
    assert document.content_hash == hashlib.sha256(SAMPLES[name]).hexdigest()
    assert document.title
    assert "\r" not in document.text


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(UnreadableError) as refused:
        read_document(path, **options)
    message = str(refused.value)
    assert path.name in message
    assert ": " in message, "it says what to do after what happened"
    return message


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.pdf", "a.docx", "a.csv", "a.parquet", "a.eml"])
@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert "empty" in refusal(write(tmp_path, name, content))


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.parquet"])
@pytest.mark.parametrize("kept", [9, 200, 0.5])
def test_a_cut_off_file_is_refused_or_says_what_is_missing(tmp_path: Path, name: str, kept: float) -> None:
    whole = {"a.pdf": report_pdf(2), "a.docx": word(), "a.parquet": SAMPLES["silver.parquet"]}[name]
    refusal(write(tmp_path, name, whole[: int(kept * len(whole)) if kept < 1 else int(kept)]))


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.parquet"])
def test_text_under_a_binary_suffix_is_refused(tmp_path: Path, name: str) -> None:
    refusal(write(tmp_path, name, "just some words\n" * 20))


def test_a_locked_pdf_asks_for_a_copy_without_password(tmp_path: Path) -> None:
    locked = pdf([[(700, 12, "secret")]], password="open sesame")
    assert "password" in refusal(write(tmp_path, "locked.pdf", locked))


def test_a_scanned_pdf_asks_for_ocr(tmp_path: Path) -> None:
    assert "OCR" in refusal(write(tmp_path, "scan.pdf", pdf([[], []])))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv", "a.eml"])
@pytest.mark.parametrize("content", [bytes(range(256)) * 40, b"\x7fELF\x02\x01\x01\x00" + b"\x00\x01" * 400])
def test_bytes_under_the_name_of_a_text_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert "not text" in refusal(write(tmp_path, name, content))


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\x89PNG\r\n", "picture"),
        (b"\xd0\xcf\x11\xe0", "Office"),
        (b"{\\rtf1", "RTF"),
        (b"\x1f\x8b\x08", "compressed"),
    ],
)
def test_a_known_foreign_kind_is_named(tmp_path: Path, start: bytes, said: str) -> None:
    assert said in refusal(write(tmp_path, "a.txt", start + b"abc" * 100))


def test_an_unknown_suffix_is_unsupported_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "model.xyz", "words"))
    assert "unsupported" in message
    assert ".pdf" in message
    assert "unsupported" in refusal(write(tmp_path, "README", "words"))


def test_a_file_above_the_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.log"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)  # sparse: reading it would find zero bytes, not text
    assert "split" in refusal(path)
    assert "10 bytes" in refusal(write(tmp_path, "small.txt", "more than ten bytes"), max_bytes=10)


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe.txt")
    refusal(tmp_path / "pipe.txt")
    refusal(tmp_path / "missing.txt")


def test_content_counts_more_than_the_suffix(tmp_path: Path) -> None:
    renamed = read_document(write(tmp_path, "report.txt", report_pdf(2)))
    assert renamed.media_type == "application/pdf"
    assert any("rename" in warning for warning in renamed.warnings)
    assert read_document(write(tmp_path, "login.pdf", PAGE)).media_type == "text/html"
    assert (
        read_document(write(tmp_path, "no-suffix", report_pdf(2))).warnings
        == read_document(write(tmp_path, "report.pdf", report_pdf(2))).warnings
    )


def test_a_folder_is_walked_in_order_without_hidden_files_and_links_that_leave(tmp_path: Path) -> None:
    desk, outside = tmp_path / "desk", tmp_path / "outside"
    for folder in (desk / "b", desk / ".stoa", outside):
        folder.mkdir(parents=True)
    for path in (
        desk / "b" / "two.md",
        desk / "a.txt",
        desk / "c.txt",
        desk / ".stoa" / "x.md",
        desk / ".hidden.md",
        outside / "o.md",
    ):
        path.write_text("words", encoding="utf-8")
    (desk / "~$memo.docx").write_bytes(b"lock")
    (desk / "leaves.md").symlink_to(outside / "o.md")
    (desk / "folder").symlink_to(outside)
    (desk / "dangling.md").symlink_to(desk / "nothing")
    (desk / "again.txt").symlink_to(desk / "c.txt")
    found = expand([desk, desk / "a.txt", outside / "o.md"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "desk/a.txt",
        "desk/again.txt",  # the same file as c.txt: read once
        "desk/b/two.md",
        "outside/o.md",
    ]
    assert expand([desk]) == expand([desk])


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="nowhere"):
        expand([tmp_path / "nowhere"])


def test_importing_the_readers_loads_no_parser() -> None:
    code = "import sys, memory.ingest; print([m for m in ('lxml','bs4','docx','pypdfium2','pyarrow','markdown_it') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
