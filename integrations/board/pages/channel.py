"""The channel: what agents and people say, live; people post from here."""

from typing import Any, NamedTuple

from starlette.responses import Response

from integrations.board.visit import Visit, go, render
from integrations.desk import Desk
from memory.errors import InputError, NotFoundError
from memory.glance import recent_runs, thread
from memory.records import Draft, Kind, Record, Trust
from orchestrator.context import Context

THREADS = 30
LONGEST_NAME = 120
CITATIONS = 6


class Post(NamedTuple):
    """A message with whoever said it, as people see them."""

    place: int
    record: Record
    name: str
    icon: str
    person: bool
    to: list[str]
    citations: list[dict[str, Any]]
    more: int


def thread_of(slug: str) -> str:
    """The thread in which a thesis is discussed."""
    return f"thesis-{slug}"


def page(visit: Visit) -> Response:
    """The threads, and one of them in full."""
    board = visit.board
    rows = recent_runs(board.desk.database, THREADS)
    name = visit.params.get("thread") or (rows[0].run_id if rows else _today(visit))
    found, older = thread(board.desk.database, name, before=visit.number("before"))
    posts = [_post(visit, place, record) for place, record in found]
    return render(
        visit, "channel.html.j2", threads=rows, thread=name, posts=posts, older=found[0][0] if older else None,
        roles=list(board.desk.roles), working=board.now.working, today=_today(visit), back=bool(visit.query.get("before")),
    )  # fmt: skip


def post(visit: Visit) -> Response:
    """Say something; who is addressed, or the architect, answers in the background."""
    person, text = visit.person, visit.text()
    name = visit.form.get("thread", "").strip() or _today(visit)
    role = visit.form.get("role", "")
    roles = visit.board.desk.roles
    if len(name) > LONGEST_NAME or not name.isprintable() or "/" in name:
        raise InputError(visit.say("no_such_thread"))
    if person is None or (role and role not in roles):
        raise NotFoundError(visit.say("no_such_role", role=role))
    name, listening = _where(visit, name)
    if listening:
        visit.board.pen.act("", lambda desk, _: _heard(desk, name, text, person.name))
    else:
        from orchestrator import conversation

        def answer(desk: Desk, context: Context) -> None:
            conversation.ask(context, name, text, role, desk.roles, desk.as_of(), person.name)

        visit.board.pen.begin(name, answer)
    return go(f"/channel/{name}#end")


def _where(visit: Visit, name: str) -> tuple[str, bool]:
    """The thread to speak in, and whether a run is listening there: it takes people in at its next turn, and answers itself."""
    try:
        row = visit.board.desk.journal.run(name)
    except NotFoundError:
        return name, False
    if row.kind == "conversation":
        return name, False
    return (name, True) if row.status == "running" else (f"about-{name}", False)


def _heard(desk: Desk, thread_id: str, text: str, author: str) -> None:
    draft = Draft(kind=Kind.MESSAGE, body=text, author=author, run_id=thread_id, thread_id=thread_id, trust=Trust.PERSON,
                  known_from=desk.as_of())  # fmt: skip
    desk.store.remember(draft)


def _post(visit: Visit, place: int, record: Record) -> Post:
    role = visit.board.desk.roles.get(record.author_role)
    person = record.trust is Trust.PERSON
    citations = list(record.data.get("citations", []))
    return Post(
        place, record, role.persona.name if role else record.author, role.persona.icon if role else "", person,
        list(record.data.get("to", [])), citations[:CITATIONS], max(0, len(citations) - CITATIONS),
    )  # fmt: skip


def _today(visit: Visit) -> str:
    return f"board-{visit.board.desk.clock():%Y-%m-%d}"
