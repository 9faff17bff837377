"""``/stoa schedule``: what runs by itself, added and taken away by those who may approve changes to its theses."""

import logging
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from integrations.schedules import add_schedule, minute, schedule_views
from integrations.slack.mrkdwn import escape
from integrations.slack.rights import approvers
from memory.errors import StoaError
from memory.schedules import Schedule, Schedules

if TYPE_CHECKING:
    from integrations.desk import Desk

log = logging.getLogger("stoa.slack")

USAGE = (
    'Write `/stoa schedule add "weekdays 07:30 Europe/Zurich" [thesis …]`, `/stoa schedule list`, `/stoa schedule next` '
    "or `/stoa schedule remove NAME`."
)
NEXT = 10
LONGEST = 2_900
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
"""Phones write these where a person typed a plain quote."""


def answer(desk: "Desk", person: str, text: str) -> str:
    """Do what a person wrote behind the word ``schedule``; returns what they are told. The same again changes nothing more."""
    from integrations.desk import Desk

    if not any(person in people for people in desk.settings.slack.approvers.values()):
        return "Only approvers may look at schedules and change them: ask one of them, or whoever runs the desk."
    try:
        words = shlex.split(text.translate(_QUOTES))
    except ValueError:
        return f"A quote is open. {USAGE}"
    try:
        # Opened anew, so that what stoa.toml says by now holds.
        with Desk(desk.folder, log.warning) as opened:
            return escape(_done(opened, person, words))[:LONGEST]
    except StoaError as error:
        return f"{escape(str(error))}. {USAGE}"


def _done(desk: "Desk", person: str, words: Sequence[str]) -> str:
    match words:
        case ["add", when, *theses]:
            return _add(desk, person, Schedule(when=when, theses=tuple(theses)))
        case ["list"]:
            return "\n".join(_line(view) for view in schedule_views(desk)) or "There is no schedule."
        case ["next"]:
            coming = desk.scheduler.coming(desk.clock(), NEXT)
            return "\n".join(f"{item.at:%Y-%m-%d %H:%M} UTC  {item.schedule}" for item in coming) or "Nothing is planned by time."
        case ["remove", name]:
            return _remove(desk, person, name)
        case _:
            return USAGE


def _add(desk: "Desk", person: str, schedule: Schedule) -> str:
    if refusal := _refusal(desk, person, schedule):
        return refusal
    for row in Schedules(desk.database).rows():
        if row.schedule == schedule:
            return f"{row.name} does this already."
    view = add_schedule(desk, schedule)
    first = f"; first at {minute(view['next'])} UTC" if view["next"] else ""
    return f"{view['name']} is added{first}. A worker (stoa serve --worker) starts it."


def _remove(desk: "Desk", person: str, name: str) -> str:
    if refusal := _refusal(desk, person, Schedules(desk.database).get(name).schedule):
        return refusal
    desk.scheduler.remove(name, desk.clock())
    return f"{name} is removed; runs that it started go on."


def _refusal(desk: "Desk", person: str, schedule: Schedule) -> str:
    """Why not; a schedule of all theses is for those who may approve all."""
    for slug in schedule.theses or ("",):
        if person not in approvers(desk.settings.slack, slug):
            return f"Only the approvers of {slug or 'every thesis'} may let this run by itself or stop it."
    return ""


def _line(view: dict[str, Any]) -> str:
    about = " ".join(view["theses"]) or "all theses"
    after = f" · next {minute(view['next'])} UTC" if view["next"] else ""
    problem = f" · {view['error']}" if view["error"] else ""
    return f"{view['name']} · {view['when']} · {about}{after} · from {view['origin']}{problem}"
