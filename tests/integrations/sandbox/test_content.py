import csv
import io
import json
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sandbox.content import MOST_TEXT, plain_text, why_not
from integrations.sandbox.thrift import is_one_struct


def png(width=2, height=2, data=bytes(6), extra=(), interlace=0):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlace)
    parts = [chunk(b"IHDR", header), *(chunk(*part) for part in extra), chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def parquet():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2, None], "b": ["x", "y", "中"], "c": [[1], [], None]}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "content"), [
    ("png", png()), ("png", png(extra=[(b"tEXt", b"Software\0matplotlib"), (b"pHYs", bytes(9))])), ("parquet", parquet()),
    ("csv", b"a,b\n1,-2.5\n3,+4\n"), ("csv", 'day,"a, quoted"\n2026-01-01,中\n'.encode()), ("csv", b"\xef\xbb\xbfa\r\n1\r\n"), ("csv", b"a,b\n-,+\n"),
    ("json", b'{"a": [1, null, "x<y"]}'), ("json", json.dumps({"deep": [[[1]]]}).encode()), ("text", "# Title\n\n1 < 2, 中文\ttab\n".encode()), ("text", b""),
])  # fmt: skip
def test_a_file_that_is_what_it_says_comes_back(kind, content):
    assert why_not(kind, content) == ""


@pytest.mark.parametrize(("kind", "content", "why"), [
    ("png", b"<svg/>", "no"), ("png", png() + b"x", "behind"), ("png", png()[:-4], "cut short"), ("png", png()[:-16] + b"\0" + png()[-15:], "damaged"),
    ("png", png(width=10_000, height=10_000), "size"), ("png", png(data=bytes(7)), "fit"), ("png", png(data=bytes(10**7)), "fit"),
    ("png", png(extra=[(b"iTXt", b"x")]), "parts"), ("png", png(extra=[(b"acTL", bytes(8))]), "parts"), ("png", png(interlace=1), "form"),
    ("parquet", b"PAR1" + bytes(40) + b"PAR1", "damaged"), ("parquet", b"x", "not"), ("parquet", parquet()[:-20] + parquet()[-8:], "damaged"),
    ("csv", b"a\n=1+1\n", "formula"), ("csv", b"a\n@x\n", "formula"), ("csv", b"a\n+cmd|x\n", "formula"), ("csv", b"a,b\n1\n", "cells"), ("csv", b"", "empty"),
    ("csv", b'a\n"x', "not CSV"), ("csv", b"a\n\x00\n", "control"), ("csv", b"\xff\xfe", "UTF-8"),
    ("json", b"{", "not JSON"), ("json", b"NaN", "NaN"), ("json", b"[" * 101 + b"]" * 101, "deeper"), ("json", b'"<script>"', "markup"),
    ("json", b" " * (MOST_TEXT["json"] + 1), "larger"), ("text", b"<!doctype html>", "markup"), ("text", b"<?xml version='1.0'?><svg/>", "markup"),
    ("text", b"ok\n" * 400_000 + b"< ScRipt>", "markup"), ("text", b"\x1b[2J", "control"), ("text", "\u202e".encode(), "control"),
])  # fmt: skip
def test_a_file_that_lies_does_not_come_back(kind, content, why):
    assert why in why_not(kind, content) if why != "no" else why_not(kind, content)


@given(st.binary(max_size=300), st.sampled_from(["png", "csv", "parquet", "json", "text"]))
def test_no_bytes_break_the_check(content, kind):
    assert isinstance(why_not(kind, content), str)


CELLS = st.text(st.characters(exclude_categories=["C"]), max_size=6)


@given(
    st.lists(CELLS, min_size=1, max_size=4),
    st.sampled_from(["=1", "@x", "+a(", "-b|c", "=", "@"]),
    st.integers(0, 4),
    st.sampled_from([0, 1]),
)
def test_a_formula_is_found_in_whichever_cell_it_hides(row, formula, at, quoting):
    kept = io.StringIO()
    csv.writer(kept, quoting=quoting).writerows([["a"] * (len(row) + 1), [*row[:at], formula, *row[at:]]])
    assert why_not("csv", kept.getvalue().encode()) in {"holds a spreadsheet formula in row 2", "holds markup that a browser would run"}


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_damaged_footer_is_judged_not_followed(noise, at):
    whole = parquet()
    assert isinstance(why_not("parquet", whole[:at] + noise + whole[at:]), str)
    assert isinstance(is_one_struct(noise), bool)


@given(st.text(max_size=200))
def test_what_is_printed_can_always_be_shown(text):
    shown = plain_text(text.encode("utf-8", errors="surrogatepass"))
    assert all(character >= " " or character in "\n\t" for character in shown)
    assert plain_text(shown.encode()) == shown


def test_terminal_codes_are_taken_out_and_words_are_kept():
    assert plain_text(b"\x1b[31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x07\r\nnext\x9b2J\x00\xff") == "red link\nnext\ufffd2J\ufffd"
