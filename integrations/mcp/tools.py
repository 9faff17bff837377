"""What a guest may do over MCP: every read-only tool of the registry, and five ways to speak under one's own name."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from agents.errors import ToolError
from agents.tool import Tool, call, tools
from agents.tools.memory import Remembered
from memory.life import keep_note
from memory.records import Draft, Kind, Trust
from memory.thesis import Evidence, Proposal

if TYPE_CHECKING:
    from integrations.desk import Desk
    from orchestrator.context import Context

Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Name = Annotated[str, Field(max_length=200)]


class Posted(BaseModel):
    """Where a message stands."""

    id: str
    thread: str


class Proposed(BaseModel):
    """A change that waits for a person."""

    approval: str
    status: str
    thesis: str
    patch: dict[str, Any]
    rationale: str
    decide_with: str


class Answered(BaseModel):
    """The desk's answer, with its sources."""

    thread: str
    posts: list[dict[str, Any]]


class Guest:
    """The desk as one connected server offers it; ``person`` says who is calling right now."""

    def __init__(self, desk: "Desk", person: Callable[[], str]) -> None:
        self._desk = desk
        self._person = person
        # Reads and small writes take turns; a model's answer takes minutes and would hold up everybody.
        self._turn = threading.Lock()

    def read(self, name: str, arguments: dict[str, Any]) -> BaseModel:
        """Call a read-only tool of the registry, with the desk as known now."""
        with self._turn:
            return call(name, arguments, self._desk.workbench(run_id=f"mcp:{self._person()}"))

    def remember(self, text: Text, thesis: Name = "", supersedes: Name = "") -> Remembered:
        """Keep a note under your name; with ``supersedes`` it becomes the next version of an earlier note of yours."""
        with self._turn:
            self._known_thesis(thesis)
            if supersedes and self._desk.store.get(supersedes).author != self._person():
                raise ToolError(f"{supersedes} is not yours: write a note of your own that says what is wrong with it")
            kept = keep_note(self._desk.store, self._desk.recall, self._draft(Kind.NOTE, text, thesis), supersedes)
        return Remembered(id=kept.record.id, version=kept.record.version, repeats=kept.repeats, questions=kept.questions)

    def post(self, text: Text, thread: Name = "", thesis: Name = "") -> Posted:
        """Say something in the desk's channel under your name; the agents read it in their next turn."""
        from orchestrator.channel import Message

        person = self._person()
        with self._turn:
            self._known_thesis(thesis)
            name = thread or f"mcp-{_lower_ulid(self._desk)}"
            draft = self._draft(Kind.MESSAGE, text, thesis).model_copy(update={"thread_id": name, "run_id": name})
            with self._desk.database.writing() as connection:
                record = self._desk.store.write(connection, draft)
                message = Message(key=f"mcp:{record.id}", run_id=name, thread_id=name, role=person, text=text, thesis=thesis)
                self._desk.journal.emit(connection, message.key, name, "post", message.model_dump(mode="json"))
        return Posted(id=record.id, thread=name)

    def thesis_propose(self, slug: Name, patch: dict[str, Any], rationale: Text, evidence: list[Evidence] | None = None) -> Proposed:
        """Suggest a change of a thesis, or a new one: ``patch`` holds whole fields. A person decides; nothing changes before.

        Name evidence by record ids from recall with verbatim quotes: numbers that no quote supports are marked.
        """
        from integrations.thesis_files import check_rules
        from memory.book import apply_patch
        from orchestrator.suggestions import suggest

        with self._turn:
            context = self._context()
            proposal = Proposal(
                thesis=slug, against="", author=self._person(), patch=patch, rationale=rationale, evidence=tuple(evidence or ())
            )
            heads = [entry.thesis.model_dump(mode="json") for entry in self._desk.book.theses() if entry.thesis.slug == slug]
            check_rules(apply_patch(heads[0] if heads else {}, proposal), self._desk.market.series())
            found = suggest(context, proposal)
        return Proposed(
            approval=found.id, status=found.status, thesis=slug, patch=found.proposal.patch, rationale=found.proposal.rationale,
            decide_with=f"stoa approvals approve {found.id}",
        )  # fmt: skip

    def ask(self, text: Text, role: Name = "", thread: Name = "") -> Answered:
        """Ask the desk's agents a question; the answer quotes its sources. @quant or ``role`` picks who answers."""
        from memory.errors import NotFoundError
        from orchestrator import conversation

        with self._turn:
            if role and role not in self._desk.roles:
                raise ToolError(f"there is no role {role!r}: there are {', '.join(self._desk.roles)}")
            name = thread or f"mcp-{_lower_ulid(self._desk)}"
            try:
                kind = self._desk.journal.run(name).kind
            except NotFoundError:
                kind = "conversation"
            if kind != "conversation":
                raise ToolError(f"{name} is a {kind} run: ask in a thread of its own")
            context = self._context()
            self._desk.index()
        posts = context.posts(conversation.ask(context, name, text, role, self._desk.roles, self._desk.as_of(), self._person()))
        said = [{"role": p.role, "text": p.text, "citations": [c.model_dump() for c in p.citations]} for p in posts]
        return Answered(thread=name, posts=said)

    def _context(self) -> "Context":
        from integrations.terminal import SilentChannel

        return self._desk.context(SilentChannel())

    def _known_thesis(self, slug: str) -> None:
        if slug:
            self._desk.book.get(slug)

    def _draft(self, kind: Kind, text: str, thesis: str) -> Draft:
        # A guest's words are often its model's: they carry the person's name, not a person's rank.
        return Draft(
            kind=kind, body=text, author=self._person(), author_role="guest", trust=Trust.AGENT,
            thesis_slugs=(thesis,) if thesis else (), known_from=self._desk.clock(), data={"via": "mcp"},
        )  # fmt: skip


def readable() -> dict[str, Tool]:
    """The read-only tools of the registry, by the names that every client takes (no dots)."""
    return {name.replace(".", "_"): tool for name, tool in tools().items() if tool.effect == "read"}


def _lower_ulid(desk: "Desk") -> str:
    from ulid import ULID

    return str(ULID.from_datetime(desk.clock())).lower()
