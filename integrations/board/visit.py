"""One request as a page sees it, and the answer it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from integrations.board.guard import Person
from integrations.board.marks import font_link
from memory import sentences
from memory.errors import InputError, NotFoundError
from memory.forecasts import day_of
from memory.plain_yaml import read_yaml

if TYPE_CHECKING:
    from jinja2 import Environment

    from integrations.board.app import Board

LANGUAGES = ("en", "zh")
THEMES = ("auto", "light", "dark")
LONGEST = 8_000
"""Characters of what a person may post at once."""


@dataclass(frozen=True)
class Visit:
    """Who asks for what, in which language; pages read the desk through ``board``."""

    board: "Board"
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    person: Person | None = None
    language: str = "en"
    theme: str = "auto"
    mark: str = ""
    secure: bool = False

    @property
    def as_of(self) -> datetime | None:
        """The end of the day that is looked back to; None for now.

        Raises:
            InputError: it is no day.
        """
        text = self.query.get("as_of", "").strip()
        return self.board.desk.as_of(day_of(text)) if text else None

    @property
    def moment(self) -> datetime:
        """The as-of of reads: the day looked back to, or the desk's today."""
        return self.as_of or self.board.desk.as_of()

    def number(self, name: str) -> int | None:
        """A number of the query; None without one.

        Raises:
            InputError: it is none.
        """
        text = self.query.get(name, "").strip()
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise InputError(f"{name}={text[:40]} is no number: follow a link of the page")
        return int(text)

    def say(self, key: str, **values: object) -> str:
        """Words of the page in the visitor's language.

        Raises:
            NotFoundError: there are no words of this key.
        """
        return translated(key, self.language).format(**values)

    def decider(self) -> Person:
        """Who is signed in, when they may approve, resume and cancel.

        Raises:
            InputError: they may not.
        """
        if self.person is None or not self.board.guard.may_decide(self.person):
            raise InputError(self.say("not_an_approver"))
        return self.person

    def text(self, name: str = "text") -> str:
        """What a person wrote.

        Raises:
            InputError: nothing, or too much.
        """
        found = self.form.get(name, "").strip()
        if not found:
            raise InputError(self.say("nothing_written"))
        if len(found) > LONGEST:
            raise InputError(self.say("too_long", most=LONGEST))
        return found


@cache
def words() -> Mapping[str, list[str]]:
    """Words of the pages: English and Chinese by key."""
    text = resources.files("integrations.board").joinpath("words.yaml").read_text(encoding="utf-8")
    found: Mapping[str, list[str]] = read_yaml(text)
    return found


def translated(key: str, language: str) -> str:
    """Words by key.

    Raises:
        NotFoundError: there are none of this key.
    """
    if key not in words():
        raise NotFoundError(f"the board has no words for {key!r}: add them to words.yaml in both languages")
    return words()[key][LANGUAGES.index(language)]


def render(visit: Visit, template: str, code: int = 200, **values: Any) -> HTMLResponse:
    """A page."""
    board = visit.board
    page = environment().get_template(template).render(
        visit=visit, t=visit.say, desk=board.desk.settings.desk.name, person=visit.person, may_decide=_may(visit),
        csrf=board.guard.csrf(visit.person) if visit.person else "", model=board.desk.model_name, zh=visit.language == "zh",
        static=static_url, named=_named(visit), **values,
    )  # fmt: skip
    return HTMLResponse(page.replace("<!--cjk-->", font_link(page)), code)


def _may(visit: Visit) -> bool:
    return visit.person is not None and visit.board.guard.may_decide(visit.person)


def _named(visit: Visit) -> Callable[[str], str]:
    """A word of the data (a stance, a status) in the visitor's language; what has no translation stays as it is."""
    return lambda word: words()[f"is_{word}"][LANGUAGES.index(visit.language)] if f"is_{word}" in words() else word


@cache
def environment() -> "Environment":
    """The templates, escaping whatever they are given."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("integrations.board", "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined, auto_reload=False,
    )  # fmt: skip
    made.filters |= {"day": day, "minute": minute, "number": number, "signed": signed, "query": _query}
    return made


@cache
def static_url(name: str) -> str:
    """The address of an asset, with a mark of its content, so that it may be kept for long."""
    import hashlib

    content = resources.files("integrations.board").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:10]}"


def _query(path: str, **values: object) -> str:
    kept = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


def day(value: date | datetime | None) -> str:
    """A day, or nothing."""
    return "" if value is None else f"{value:%Y-%m-%d}"


def minute(value: datetime | None) -> str:
    """A moment in UTC to the minute, or nothing."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}"


def number(value: float | None, digits: int = 6) -> str:
    """A number as people read it, or nothing."""
    return "" if value is None else sentences.number(value, digits)


def signed(value: float, digits: int = 2) -> str:
    """A change with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def go(path: str) -> Response:
    """On to a page after a form."""
    return RedirectResponse(path, 303)
