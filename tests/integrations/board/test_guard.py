"""Who may pass: token, session, proxy header, CSRF."""

from datetime import UTC, datetime

import pytest

from integrations.board.guard import TRIES, Guard, Person
from integrations.board.pages.door import _own_path
from integrations.settings import BoardSettings
from tests.conftest import TurnableClock

TOKEN = "a-token-for-these-tests"


@pytest.fixture
def guard(clock):
    return Guard(BoardSettings(), TOKEN, clock)


def test_the_token_opens_a_session_that_ends_after_its_hours(guard, clock):
    session = guard.sign_in("  Ada Lovelace|x ", TOKEN)
    assert guard.person({}, session, "127.0.0.1").name == "Ada Lovelace|x"
    clock.advance(hours=13)
    assert guard.person({}, session, "127.0.0.1") is None


@pytest.mark.parametrize(
    "change", [lambda s: s[:-1] + ("0" if s[-1] != "0" else "1"), lambda s: s.replace("Ada", "Eve"), lambda _: "", lambda _: "|"]
)
def test_a_changed_session_is_no_session(guard, change):
    assert guard.person({}, change(guard.sign_in("Ada", TOKEN)), "127.0.0.1") is None


def test_another_token_ends_all_sessions(guard, clock):
    session = guard.sign_in("Ada", TOKEN)
    assert Guard(BoardSettings(), TOKEN + "2", clock).person({}, session, "127.0.0.1") is None


def test_after_too_many_wrong_tokens_the_door_stays_shut_for_a_minute(guard, clock):
    for _ in range(TRIES):
        assert guard.sign_in("Eve", "wrong") is None
    assert guard.sign_in("Ada", TOKEN) is None
    clock.advance(seconds=61)
    assert guard.sign_in("Ada", TOKEN) is not None


def test_a_board_without_a_token_lets_nobody_in_by_an_empty_one():
    guard = Guard(BoardSettings(), "", TurnableClock(datetime(2026, 3, 2, tzinfo=UTC)))
    assert guard.sign_in("Eve", "") is None


def test_a_form_needs_the_mark_of_its_person_and_our_own_page(guard):
    ada, eve = Person("Ada", "1"), Person("Eve", "2")
    own = {"host": "localhost:1", "origin": "http://localhost:1", "sec-fetch-site": "same-origin"}
    assert guard.own_form(ada, guard.csrf(ada), own)
    assert guard.own_form(ada, guard.csrf(ada), {"host": "localhost:1"})
    assert not guard.own_form(ada, guard.csrf(eve), own)
    assert not guard.own_form(ada, "", own)
    assert not guard.own_form(ada, guard.csrf(ada), {**own, "origin": "http://evil.example"})
    assert not guard.own_form(ada, guard.csrf(ada), {**own, "origin": "null"})
    assert not guard.own_form(ada, guard.csrf(ada), {**own, "sec-fetch-site": "cross-site"})


def test_the_proxy_names_the_person_only_from_its_own_address(clock):
    guard = Guard(BoardSettings(proxy_header="X-Forwarded-Email", proxies=("10.0.0.2",)), "", clock)
    said = {"x-forwarded-email": "ada@example.org"}
    assert guard.person(said, "", "10.0.0.2").name == "ada@example.org"
    assert guard.person(said, "", "10.0.0.3") is None
    assert guard.person({}, "", "10.0.0.2") is None


def test_approvers_are_those_of_the_settings(clock):
    guard = Guard(BoardSettings(approvers=("Ada",)), TOKEN, clock)
    assert guard.may_decide(Person("Ada", "1"))
    assert not guard.may_decide(Person("Eve", "2"))


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/a\nb"])
def test_no_form_leads_off_the_board(path):
    assert _own_path(path) == "/"
