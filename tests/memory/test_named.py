"""Questions that name a company: which documents that are, and what in them is found."""

from datetime import UTC, datetime

import pytest

from memory.lexical import holders, write_words
from memory.named import Place, named, nearest
from memory.recall import Recall
from memory.records import Draft, Kind
from memory.text import fts_document
from memory.wording import searched

NAMES = (
    "General Mills, Inc.",
    "GIS",
    "Best Buy Co., Inc.",
    "American Express Company",
    "American Water Works",
    "Costco Wholesale",
    "COST",
    "中国神华",
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("What did General Mills pay in 2023?", {"General Mills, Inc."}),
        ("What did General Motors pay in 2023?", set()),
        ("in general, what do mills pay?", set()),
        ("the margin of GIS", {"GIS"}),
        ("the cost of storage", set()),
        ("Has Costco's debt risen?", {"Costco Wholesale"}),
        ("How many members has American Express?", {"American Express Company"}),
        ("中国神华去年卖了多少煤？", {"中国神华"}),
        ("", set()),
    ],
)
def test_a_company_is_named_by_the_first_words_of_its_name_or_its_symbol(query, found):
    assert named(query, NAMES) == found


def test_the_documents_nearest_to_the_year_asked_for_come_first_and_without_one_the_newest():
    places = [Place(n, n, "p", ("Halden",), str(2018 + n)) for n in range(7)]
    assert [place.period for place in nearest(places, ["2019", "2020"])] == ["2020", "2021", "2019", "2022"]
    assert [place.period for place in nearest(places, [])] == ["2024", "2023", "2022", "2021"]


def test_both_databases_say_alike_which_words_stand_where(both):
    texts, words = ["cash flow", "cash", "flow of café", "debt 1,000.5 cash", "cash"], ["cash", "flow", "0636166c3a9", "1000p5", "none"]
    answers = []
    for database in both:
        with database.engine.connect() as connection:
            write_words(connection, [(number, fts_document(text)) for number, text in enumerate(texts, 1)])
            answers.append(sorted(holders(connection, words, [(1, 2), (4, 4)])))
            assert holders(connection, [], [(1, 2)]) == holders(connection, words, []) == []
            connection.rollback()
    assert answers[0] == answers[1] == [(0, 1), (0, 2), (0, 4), (1, 1), (3, 4)]


def report(store, company, year, *pages, replaced=()):
    body = f"{company} annual report {year}"
    known = datetime(2026, 1, 1, tzinfo=UTC)
    document = Draft(kind=Kind.DOCUMENT, title=body, body=body, period=year, entities=(company,), known_from=known)
    passages = [
        document.model_copy(update={"kind": Kind.CHUNK, "body": text, "locator": f"p. {page}"})
        for page, texts in enumerate(pages, 1)
        for text in texts
    ]
    return store.remember_document(document, passages, replaced)


@pytest.fixture
def recall(database, store):
    return Recall(database, store, lambda: None)


def test_the_filing_of_the_company_and_year_comes_before_others_that_say_the_same(store, recall):
    for company in ("Norrvik Paper", "Tessaly Cables"):
        for year in ("2023", "2024"):
            report(store, company, year, [f"Net debt came to {len(company)}{year[-1]} million, against that of 2023 and 2022"])
    best = recall.search("What was Tessaly's net debt in 2023?").hits[0]
    assert best.text.startswith("Net debt came to 143 ")
    assert best.why["entity"] > 0
    assert best.why["period"] > 0


def test_a_page_is_found_by_words_that_stand_in_different_passages_of_it(store, recall):
    report(
        store,
        "Oriel Salt",
        "2024",
        ["Nothing of note in the balance."],
        ["Balance sheet, million", "Stocks 31", "Quay 12"],
        ["Stocks were dear and of salt."],
    )
    assert recall.search("Stocks in the balance sheet of Oriel, million").hits[0].locator == "p. 2"


def test_a_document_that_was_replaced_is_not_searched_and_a_new_one_is(store, recall):
    old = report(store, "Oriel Salt", "2024", ["Brine earned 33"])
    assert recall.search("What did brine earn Oriel?").hits[0].text == "Brine earned 33"
    report(store, "Oriel Salt", "2024", ["Brine earned 34"], replaced=[old.id])
    assert [hit.text for hit in recall.search("What did brine earn Oriel?").hits] == ["Brine earned 34"]


def test_words_of_asking_search_nothing_and_accounts_are_spelt_out():
    assert searched("Please answer the question: silver?") == ["silver"]
    assert searched("please explain") == ["pleas", "explain"]
    assert {"capex", "capit", "expenditur", "purchas"} <= set(searched("the capex of 3M"))
    assert "research" not in searched("the AR&DS of it")
