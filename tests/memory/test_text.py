import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from memory.text import fold, fts_document, fts_query, language, tokens


def test_chinese_becomes_one_and_two_character_grams():
    assert tokens("白银期货") == ["白", "银", "期", "货", "白银", "银期", "期货"]


def test_traditional_and_simplified_give_the_same_tokens():
    assert tokens("白銀庫存與期貨溢價") == tokens("白银库存与期货溢价")


def test_english_is_stemmed_lightly_and_numbers_stay_whole():
    assert tokens("Stocks are falling to 1,234.5") == ["stock", "fall", "1234.5"]
    assert tokens("stock fell") != tokens("stack felt")


def test_full_width_digits_are_digits():
    assert tokens("８１００") == ["8100"]


def test_languages_are_told_apart():
    assert [language(t) for t in ("白银库存下降", "silver stocks fall", "白银 silver 库存 stocks", "серебро дорожает", "12 %")] == [
        "zh", "en", "mixed", "other", "other",
    ]  # fmt: skip


@given(st.text())
def test_every_token_of_any_text_can_be_found_by_full_text_search(text):
    query = fts_query(text)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(tokens, tokenize='unicode61')")
    connection.execute("INSERT INTO t VALUES (?)", (fts_document(text),))
    found = connection.execute("SELECT count(*) FROM t WHERE t MATCH ?", (query,)).fetchone()[0] if query else 0
    connection.close()
    assert found == (1 if query and any(c.isalnum() for c in query) else 0)


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)
