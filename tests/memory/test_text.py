import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.text import fold, fts_document, fts_query, fts_word, language, tokens

WORDS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(["silver", "Stocks", "76.93", "1,000,000", "白銀庫存", "库存", "don't", "café", "мир", "𠮷野", " ", "/", '"', "OR", "NEAR(", "*", "-"])).map("".join),
)  # fmt: skip


def table(*texts: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE found USING fts5(tokens, content='', tokenize='unicode61')")
    connection.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(found, 'row')")
    connection.executemany("INSERT INTO found(tokens) VALUES (?)", [(fts_document(text),) for text in texts])
    return connection


def rows(connection: sqlite3.Connection, question: str) -> list[int]:
    query = fts_query(question)
    if query is None:
        return []
    return [row for (row,) in connection.execute("SELECT rowid FROM found WHERE found MATCH ? ORDER BY rank", (query,))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Producers' stocks are falling", ["produc", "stock", "fall"]),
        ("silver's price isn’t fair", ["silver", "price", "fair"]),
        ("$76.93/oz", ["76.93", "oz"]),
        ("70/90/110", ["70", "90", "110"]),
        ("1,000,000.5 lots, not 10,20,30", ["1000000.5", "lot", "10", "20", "30"]),
        ("１，０００ lots", ["1000", "lot"]),
        ("库存", ["库", "存", "库存"]),
        ("白銀的庫存", ["白", "银", "库", "存", "白银", "银的", "的库", "库存"]),
        ("矽晶圓", ["硅", "晶", "圆", "硅晶", "晶圆"]),
        ("São Paulo café", ["sao", "paulo", "cafe"]),
        ("二〇年", ["二", "〇", "年", "二〇", "〇年"]),
        ("8100万", ["8100", "万"]),
        ("the of 的", []),
        (" \t\n…—", []),
    ],
)
def test_a_text_gives_these_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("白銀庫存下降", "白银库存下降"), ("Ｓｉｌｖｅｒ", "silver"), ("stocks fell", "STOCK FELL"), ("premiums", "premium")],
)
def test_two_spellings_of_one_meaning_have_the_same_tokens(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


@given(WORDS)
def test_folding_twice_changes_nothing_and_tokens_do_not_see_the_difference(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert tokens(fold(text)) == tokens(text)


@given(WORDS)
def test_the_plain_path_for_ascii_gives_what_the_general_one_gives(text: str) -> None:
    plain = text.encode("ascii", errors="ignore").decode()
    assert [token for token in tokens(f"{plain} 库") if token != "库"] == tokens(plain)


@given(WORDS)
def test_every_token_of_any_text_stands_in_the_full_text_table_as_one_word(text: str) -> None:
    connection = table(text)
    assert {term for (term,) in connection.execute("SELECT term FROM vocabulary")} == {fts_word(token) for token in tokens(text)}
    connection.close()


@given(WORDS, WORDS)
def test_different_tokens_are_different_words(one: str, other: str) -> None:
    distinct = set(tokens(f"{one} {other}"))
    assert len({fts_word(token) for token in distinct}) == len(distinct)


@given(WORDS)
def test_any_question_can_be_asked_and_finds_the_text_it_is_the_text_of(text: str) -> None:
    connection = table(text, "unrelated")
    assert (1 in rows(connection, text)) == bool(tokens(text))
    connection.close()


@pytest.mark.parametrize(
    "hostile", ['"', 'silver" OR "copper', "NEAR(silver, 2)", "tokens:silver", "silver*", "^silver", "-silver", "{a b}: c"]
)
def test_operators_of_the_full_text_language_are_only_words(hostile: str) -> None:
    connection = table("silver", "gold")
    assert rows(connection, hostile) == ([1] if "silver" in hostile else [])
    connection.close()


def test_a_question_without_a_word_to_look_up_has_no_query() -> None:
    assert fts_query("的？ the --- ") is None


def test_a_long_question_is_cut_to_its_limit() -> None:
    query = fts_query(" ".join(str(number) for number in range(500)), limit=10)
    assert query is not None
    assert query.split(" OR ") == [f'"{number}"' for number in range(10)]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("白銀庫存為什麼減少", 1),
        ("why did vault stocks of silver decline", 2),
        ("76.93", 3),
        ("铜的需求", 4),
        ("70/90/110 butterfly", 5),
        ("矽晶圓價格", 6),
    ],
)
def test_the_right_record_comes_first_in_english_and_both_kinds_of_chinese(question: str, first: int) -> None:
    connection = table(
        "上海白银库存减少，现货溢价扩大",
        "Vaults in London: silver stocks declined for the ninth month",
        "The settlement was 76.93 dollars, against 77.93 before",
        "數據中心使銅的需求上升",
        "A call butterfly on SLV, strikes 70, 90 and 110",
        "硅晶圆涨价",
    )
    assert rows(connection, question)[0] == first
    connection.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stocks fell to 412 m oz.", "en"),
        ("Café prices in São Paulo rose", "en"),
        ("白銀庫存下降，溢價擴大", "zh"),
        ("COMEX 白银库存下降，租借利率 lease rate 上升", "mixed"),
        ("Запасы серебра снизились", "other"),
        ("日本銀行は金利を引き上げた", "other"),
        ("76.93 / 412", "other"),
        ("，。", "other"),
    ],
)
def test_language_of_a_text(text: str, expected: str) -> None:
    assert language(text) == expected


def test_importing_the_tokens_loads_neither_stemmer_nor_dictionary() -> None:
    code = "import sys, memory.text; print([m for m in ('snowballstemmer', 'zhconv', 'json', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
