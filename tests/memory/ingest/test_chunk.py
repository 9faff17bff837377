import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.errors import InputError
from memory.ingest import Document, Segment, chunk, read_document
from memory.ingest.markdown import read as read_markdown
from memory.ingest.plain import read as read_plain
from tests.memory.ingest.samples import ARTICLE, SIMPLIFIED, check_laws, write

WORDS = st.sampled_from(
    ["silver", "fell", "31.2", "U.S.", "库存下降。", "价差为正；", "Yes.", "Dr.", "“Bars,”", "No. 5", "# Stocks", "## Vaults", "- item",
     "| a | b |", "|---|---|", "> quote", "```", "---", "\n", "\n\n", "\n    ", "Table 1: stocks", "***", "[x]: /y", "\u2028", "\t", "𠮷",
     "1. one", "===", "<div>", "a" * 90]
)  # fmt: skip
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "\n", "\n\n", ""])), max_size=60).map(
    lambda pieces: "".join(itertools.chain.from_iterable(pieces))
)
SIZES = st.tuples(st.integers(1, 60), st.integers(0, 80)).map(lambda sizes: (sizes[0], sum(sizes)))


@given(TEXTS, SIZES)
@settings(max_examples=250)
def test_segments_and_chunks_cover_any_markdown_once_and_in_order(text: str, sizes: tuple[int, int]) -> None:
    check_laws(read_markdown("a.md", text.encode()), *sizes)


@given(st.one_of(TEXTS, st.text(max_size=300)), SIZES)
@settings(max_examples=250)
def test_segments_and_chunks_cover_any_text_once_and_in_order(text: str, sizes: tuple[int, int]) -> None:
    check_laws(read_plain("a.txt", text.encode("utf-8", errors="ignore")), *sizes)


@given(st.lists(st.text("ab 。.c\n", min_size=1, max_size=80), max_size=12), SIZES)
@settings(max_examples=200)
def test_a_paragraph_that_fits_is_never_cut(paragraphs: list[str], sizes: tuple[int, int]) -> None:
    document = read_plain("a.txt", "\n\n".join(paragraphs).encode())
    pieces = check_laws(document, *sizes)
    for segment in document.segments:
        if segment.end - segment.start <= sizes[1]:
            assert any(piece.start <= segment.start and segment.end <= piece.end for piece in pieces)


@pytest.mark.parametrize(
    "sentences",
    [
        [f"库存在第{n}周下降了三分之一，而价差仍然为正{end}" for n, end in zip(range(80), "。！？；" * 20, strict=True)],
        [f"In week {n} stocks fell by 3.5 percent, as Mr. Smith of the U.S. Mint had said in No. {n}. " for n in range(80)],
    ],
)
def test_a_long_paragraph_is_cut_between_sentences_only(tmp_path: Path, sentences: list[str]) -> None:
    pieces = check_laws(read_document(write(tmp_path, "a.txt", "".join(sentences))))
    assert len(pieces) > 1
    for piece in pieces:
        assert piece.text.endswith(("。", "！", "？", "；", ".")), piece.text[-30:]
        assert len(piece.text) <= 1000
    for sentence in sentences:
        assert any(sentence.strip() in piece.text for piece in pieces)


def test_a_hard_wrapped_sentence_is_not_cut_at_its_line_ends(tmp_path: Path) -> None:
    sentence = "Registered stocks in the vaults\nof the exchange fell\nby a third in the quarter.\n"
    pieces = check_laws(read_document(write(tmp_path, "a.txt", sentence * 60)))
    assert all(piece.text.startswith("Registered") and piece.text.endswith("quarter.") for piece in pieces)


def test_headings_start_a_chunk_and_stay_with_their_text(tmp_path: Path) -> None:
    text = f"# One\n\n## Sub\n\n{ARTICLE}\n\n# Two\n\n{ARTICLE}\n\nshort\n\n# Three\n"
    pieces = check_laws(read_document(write(tmp_path, "a.md", text)))
    assert [piece.text.split("\n")[0] for piece in pieces] == ["# One", "# Two", "# Three"]
    assert [piece.heading for piece in pieces] == ["One > Sub", "Two", "Three"]
    assert [piece.kind for piece in pieces] == ["text", "text", "heading"]


def test_a_table_that_fits_stands_whole_with_its_caption(tmp_path: Path) -> None:
    table = "| m | s |\n|---|---|\n" + "".join(f"| {n} | {n} |\n" for n in range(80))
    text = f"{ARTICLE}\n\nTable 2: stocks\n\n{table}\nAfter it.\n"
    pieces = check_laws(read_document(write(tmp_path, "a.md", text)))
    assert [piece.kind for piece in pieces] == ["text", "table", "text"]
    assert pieces[1].text.startswith("Table 2: stocks\n\n| m | s |")
    assert pieces[1].text.endswith("| 79 | 79 |")
    assert pieces[1].context == ""


def test_a_table_that_does_not_fit_is_cut_by_rows_under_its_header(tmp_path: Path) -> None:
    rows = [f"| 2026-{n:04d} | {n}.5 |" for n in range(300)]
    text = "# Stocks\n\nTable 2: stocks\n\n| month | stocks |\n|---|---|\n" + "\n".join(rows) + "\n"
    pieces = check_laws(read_document(write(tmp_path, "a.md", text)))
    assert len(pieces) > 2
    assert all(line in rows for piece in pieces[1:] for line in piece.text.split("\n"))
    assert {piece.context for piece in pieces[1:]} == {"# Stocks\n\nTable 2: stocks\n| month | stocks |\n|---|---|"}
    first = pieces[1].text.split("\n")[0]
    assert pieces[1].locator.startswith(f"§ Stocks, row {rows.index(first) + 1}–")
    assert pieces[-1].locator.endswith("–300")


def test_pages_are_not_mixed_in_one_chunk() -> None:
    text = "one\n\ntwo\n\n"
    document = Document(
        name="a", title="a", text=text, media_type="application/pdf",
        segments=(Segment(start=0, end=3, locator="p. 1"), Segment(start=5, end=8, locator="p. 2")),
    )  # fmt: skip
    assert [(piece.locator, piece.text) for piece in chunk(document)] == [("p. 1", "one"), ("p. 2", "two")]


def test_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a.txt", SIMPLIFIED))
    for target, maximum in ((0, 10), (20, 10)):
        with pytest.raises(InputError):
            chunk(document, target, maximum)
