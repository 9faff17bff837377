"""What the graphs work with: the desk's parts, handed in by the composition root."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from agents.picture import Painter
from agents.sandbox import Sandbox, Snapshots
from agents.turn import Agent, Finding, Post, Say, Turn
from agents.workbench import Workbench
from memory.book import Book
from memory.clock import Clock
from memory.database import Database
from memory.dispatch import Dispatch
from memory.forecasts import Forecasts
from memory.intake import IntakeReport
from memory.journal import Journal
from memory.market import Market, Refreshed
from memory.recall import Recall
from memory.records import Draft, Kind, Record, Relation, Trust
from memory.store import Store
from memory.thesis import Proposal
from orchestrator.channel import Channel, Message
from orchestrator.engine import RunRules
from orchestrator.grounding import ground
from orchestrator.permissions import GateRules
from orchestrator.queue import RunQueue


class Library(Protocol):
    """Where documents, thesis files and data come from: the desk's folder."""

    def refresh(self, progress: Callable[[str], None]) -> tuple[IntakeReport, Refreshed]:
        """Take in what is new; returns what was left out and why."""
        ...


class Reporter(Protocol):
    """Draws the charts and writes the report of a run."""

    def publish(self, run_id: str, as_of: datetime) -> dict[str, Any]:
        """Write the files; the same run again writes the same ones. Returns ``report`` and ``charts`` paths."""
        ...


@dataclass(frozen=True)
class Context:
    """Everything a node may touch."""

    database: Database
    store: Store
    book: Book
    recall: Recall
    market: Market
    forecasts: Forecasts
    journal: Journal
    agent: Agent
    channel: Channel
    library: Library
    reporter: Reporter
    clock: Clock
    gate: GateRules
    index: Callable[[], int]
    queue: RunQueue
    dispatch: Dispatch
    runs: RunRules
    seed: int = 0
    rounds: int = 2
    painter: Painter | None = None
    sandbox: Sandbox | None = None
    snapshots: Snapshots | None = None

    def workbench(self, run_id: str, as_of: datetime) -> Workbench:
        """The desk at an as-of, for one turn."""
        return Workbench(
            self.store, self.book, self.recall, self.market, self.forecasts, as_of, run_id, self.seed, self.painter, self.sandbox,
            self.snapshots,
        )  # fmt: skip

    def save(self, run_id: str, fence: int, step: str, turn: Turn, as_of: datetime, thread_id: str = "") -> "Saved":
        """Write a turn: posts and findings as records, posts also as effects, in one fenced transaction.

        A talk in the thread of another run names that thread.
        The keys come from run, step and position, so a step that is run again after a crash writes nothing new; ``saved`` tells
        it what the first time left, so that the turn is not taken again.
        """
        turn = self._grounded(turn)
        saved = Saved([], [], [])
        with self.database.writing() as connection:
            self.journal.hold(connection, run_id, fence)
            for number, post in enumerate(turn.posts):
                key = f"{run_id}:{step}:post:{number}"
                draft = _message(post, run_id, key, as_of, thread_id or run_id)
                sent = _outgoing(post, run_id, key, thread_id or run_id)
                record = self.store.write(connection, draft, linked=_cited(post))
                saved.posts.append(record.id)
                self.journal.emit(connection, key, run_id, "post", sent.model_dump(mode="json"))
            for number, finding in enumerate(turn.findings):
                draft = _found(finding, run_id, f"{run_id}:{step}:finding:{number}", as_of)
                saved.findings.append(self.store.write(connection, draft).id)
            for number, proposal in enumerate(turn.proposals):
                draft = _proposed(proposal, run_id, f"{run_id}:{step}:proposal:{number}", as_of)
                saved.proposals.append(self.store.write(connection, draft).id)
            left = {**asdict(saved), "requests": list(turn.requests)}
            self.journal.emit(connection, f"{run_id}:{step}", run_id, "turn", left, done=True)
        self.deliver(run_id)
        return saved

    def saved(self, run_id: str, step: str) -> "Saved | None":
        """What a turn left before the process was cut off; None when it has to be taken."""
        found = self.journal.effect(f"{run_id}:{step}")
        return Saved(found["posts"], found["findings"], found["proposals"]) if found else None

    def _grounded(self, turn: Turn) -> Turn:
        """A model's posts with their quotes checked and their unsupported numbers marked; a playbook's as they are."""
        if not turn.by_model:
            return turn
        posts = []
        for post in turn.posts:
            records = self.store.many([item.record for item in post.citations])
            checked = ground(post.text, post.citations, records)
            posts.append(post.model_copy(update={"text": checked.text, "citations": checked.evidence}))
        return turn.model_copy(update={"posts": tuple(posts)})

    def drafts(self, key: str, thread_id: str, role: str) -> Say:
        """What a model is writing goes to the channel under the key of the post; a second attempt takes the place of the first."""
        return lambda _attempt, text: self.channel.drafting(key, thread_id, role, text)

    def deliver(self, run_id: str = "") -> int:
        """Hand open posts to the channel, oldest first; returns how many."""
        count = 0
        for seq, _, kind, payload in self.journal.effects(run_id, only_open=True):
            if kind == "post":
                self.channel.post(Message(**payload))
                self.journal.effect_done(seq)
                count += 1
        return count

    def findings(self, ids: Sequence[str]) -> tuple[Finding, ...]:
        """Findings back from their records, in order."""
        found = self.store.many(ids)
        return tuple(Finding(**found[name].data) for name in ids if name in found)

    def posts(self, ids: Sequence[str]) -> tuple[Post, ...]:
        """Posts back from their records, in order."""
        found = self.store.many(ids)
        return tuple(Post(**found[name].data) for name in ids if name in found)

    def said(self, thread_id: str, last: int = 12) -> tuple[Post, ...]:
        """The last messages of a thread, people's among them, in order."""
        found = self.store.find(thread_id=thread_id, kinds=[Kind.MESSAGE], live=True)
        return tuple(_post(record) for record in found[-last:])

    def said_by_people(self, thread_id: str) -> tuple[Post, ...]:
        """What people have said in a thread, in order."""
        found = self.store.find(thread_id=thread_id, kinds=[Kind.MESSAGE], live=True)
        return tuple(_post(record) for record in found if record.trust is Trust.PERSON)

    def proposals(self, ids: Sequence[str]) -> tuple[Proposal, ...]:
        """Proposals back from their records, in order."""
        found = self.store.many(ids)
        return tuple(Proposal(**found[name].data) for name in ids if name in found)


@dataclass(frozen=True)
class Saved:
    """Ids of what a turn left in memory."""

    posts: list[str]
    findings: list[str]
    proposals: list[str]


def _message(post: Post, run_id: str, key: str, as_of: datetime, thread_id: str) -> Draft:
    return Draft(
        kind=Kind.MESSAGE, body=post.text, author=post.role, author_role=post.role, run_id=run_id, thread_id=thread_id,
        thesis_slugs=(post.thesis,) if post.thesis else (), data=post.model_dump(mode="json"), trust=Trust.AGENT,
        known_from=as_of, idempotency_key=key,
    )  # fmt: skip


def _post(record: Record) -> Post:
    if record.trust is Trust.PERSON:
        return Post(role=record.author, text=record.body)
    return Post(**record.data)


def _cited(post: Post) -> list[tuple[Relation, str]]:
    return [(Relation.CITES, record) for record in dict.fromkeys(item.record for item in post.citations)]


def _outgoing(post: Post, run_id: str, key: str, thread_id: str) -> Message:
    return Message(
        key=key, run_id=run_id, thread_id=thread_id, role=post.role, text=post.text, to=list(post.to), thesis=post.thesis,
        citations=[item.model_dump(mode="json") for item in post.citations],
    )  # fmt: skip


def _found(finding: Finding, run_id: str, key: str, as_of: datetime) -> Draft:
    return Draft(
        kind=Kind.FINDING, title=f"{finding.kind} by {finding.role}", body=finding.text, author=finding.role,
        author_role=finding.role, run_id=run_id, thread_id=run_id, thesis_slugs=(finding.thesis,) if finding.thesis else (),
        data=finding.model_dump(mode="json"), trust=Trust.AGENT, known_from=as_of, idempotency_key=key,
    )  # fmt: skip


def _proposed(proposal: Proposal, run_id: str, key: str, as_of: datetime) -> Draft:
    return Draft(
        kind=Kind.DECISION, title=f"proposal for {proposal.thesis}", body=proposal.rationale, author=proposal.author,
        author_role=proposal.author, run_id=run_id, thread_id=run_id, thesis_slugs=(proposal.thesis,),
        data=proposal.model_dump(mode="json"), trust=Trust.AGENT, known_from=as_of, idempotency_key=key,
    )  # fmt: skip
