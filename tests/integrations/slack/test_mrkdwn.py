"""Text for Slack: whatever its length, nothing is lost and nothing is broken."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.slack.mrkdwn import PHONE, escape, mrkdwn, sections, split, tables

WORDS = st.sampled_from(
    ["silver", "**bold words here**", "`a b c`", "[a link](https://example.com/x)", "“a short quote of a source”", "库存下降，", "1,234.5", "x" * 30]
)  # fmt: skip
LINES = st.lists(WORDS, max_size=30).map(" ".join)
TEXTS = st.lists(LINES, max_size=12).map("\n".join)


def bare(text):
    return re.sub(r"\s+", "", text)


@settings(max_examples=150)
@given(TEXTS, st.integers(120, 400))
def test_pieces_hold_the_whole_text_in_order_and_each_fits(text, limit):
    pieces = split(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert bare("".join(pieces)) == bare(text)


@settings(max_examples=150)
@given(TEXTS, st.integers(120, 400))
def test_bold_code_links_and_quotes_are_never_cut(text, limit):
    for piece in split(text, limit):
        assert piece.count("**") % 2 == 0
        assert piece.count("`") % 2 == 0
        assert piece.count("“") == piece.count("”")
        assert piece.count("[") == piece.count("](") == piece.count(")")


@settings(max_examples=100)
@given(st.lists(st.text(alphabet="abc =()", max_size=60), min_size=20, max_size=60), st.integers(120, 300))
def test_a_code_block_is_closed_and_opened_again(lines, limit):
    text = "before\n```python\n" + "\n".join(lines) + "\n```\nafter"
    pieces = split(text, limit)
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert all(len(piece) <= limit for piece in pieces)
    assert bare("".join(pieces)).replace("```python", "").replace("```", "") == bare(text).replace("```python", "").replace("```", "")


def test_a_long_quoted_line_goes_on_as_a_quote():
    pieces = split("> " + "one sentence of a source. " * 30, 200)
    assert len(pieces) > 3
    assert all(piece.startswith("> ") for piece in pieces)


def test_a_break_falls_between_paragraphs_where_it_can():
    text = ("a" * 50 + " ") * 3 + "\n\n" + ("b" * 50 + " ") * 3
    assert [piece[0] for piece in split(text, 200)] == ["a", "b"]


@settings(max_examples=100)
@given(st.text(alphabet="<>& ab", min_size=1, max_size=9000))
def test_no_section_is_longer_than_slack_takes_however_much_escaping_adds(text):
    assert all(1 <= len(piece) <= 3000 for piece in sections(text))


def test_a_narrow_table_is_set_in_fixed_width_with_numbers_to_the_right():
    assert tables("See:\n| leg | mid |\n|---|---:|\n| 70 C | 12.5 |\n| 90 C | 5.25 |\nEnd") == (
        "See:\n```\nleg    mid\n70 C  12.5\n90 C  5.25\n```\nEnd"
    )


def test_a_table_too_wide_for_a_phone_becomes_a_line_a_row():
    shown = tables("| thesis | conviction | what would settle it |\n|---|---|---|\n| Silver | 0.60 | the June expiry of the option |")
    assert shown == "**Silver**: conviction 0.60 · what would settle it the June expiry of the option"
    assert len("thesis conviction what would settle it") > PHONE


def test_markdown_becomes_slacks_marks_and_code_stays_as_it_is():
    text = "# Head\n- **one** <b> & [x](https://e.com/?a=1&b=2)\n> said\n`**kept** <`"
    assert mrkdwn(text) == "*Head*\n• *one* &lt;b&gt; &amp; <https://e.com/?a=1&amp;b=2|x>\n> said\n`**kept** &lt;`"
    assert escape("<!here>") == "&lt;!here&gt;"
