"""The conversation graph: a message → the mentioned role, or the architect → a turn, with hand-offs → the reply."""

import hashlib
import operator
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, ConfigDict, Field

from agents import tracing
from agents.turn import Task, Turn
from memory.errors import NotFoundError
from memory.records import Draft, Kind, Record, Trust
from orchestrator import gate
from orchestrator.context import Context

HANDOFFS = 3
"""Turns a message can cause at the most: agents that answer each other without end help nobody."""


class Question(BaseModel):
    """What a person says to the desk, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    thread_id: str
    text: str
    role: str = Field(default="", description="who is to answer; empty: whom the text names, else the architect")
    person: str = "person"
    key: str = Field(default="", description="of the event that brought it: the same one again is answered once")
    source_uri: str = ""
    locator: str = ""


class Talk(TypedDict, total=False):
    """One message and the turns it caused."""

    run_id: str
    thread_id: str
    talk: str
    as_of: str
    text: str
    role: str
    key: str
    asked: Annotated[list[str], operator.add]
    posts: Annotated[list[str], operator.add]


def addressed(text: str, known: Collection[str]) -> str:
    """The role that a message names first: ``@quant``, ``quant:``; else the architect."""
    for match in re.finditer(r"@([a-z][a-z-]*)|^\s*([a-z][a-z-]*)\s*:", text.lower()):
        name = match[1] or match[2]
        if name in known:
            return name
    return "architect"


def nobody() -> bool:
    """No person has written since."""
    return False


class Conversation:
    """The graph of one exchange."""

    def __init__(self, context: Context, roles: Collection[str], fence: int, interrupted: Callable[[], bool] = nobody) -> None:
        self._context = context
        self._roles = roles
        self._fence = fence
        self._interrupted = interrupted

    def graph(self) -> "StateGraph[Talk, None, Talk, Talk]":
        """Turn after turn until nobody is addressed."""
        graph = StateGraph(Talk)
        graph.add_node("turn", self.turn)
        graph.add_edge(START, "turn")
        graph.add_conditional_edges("turn", lambda state: "turn" if state.get("role") else END, ["turn", END])
        return graph

    def turn(self, state: Talk) -> dict[str, Any]:
        """One role answers; whom it addresses answers next, unless a person has taken the floor."""
        context, role, thread = self._context, state["role"], state["thread_id"]
        as_of = datetime.fromisoformat(state["as_of"])
        count = len(state.get("asked", []))
        step = f"answer:{state['key']}:{count}"
        drafted = f"{state['run_id']}:{step}:post:0"
        context.channel.drafting(drafted, thread, role, "")
        # Whom an agent hands over to answers that agent, not the question once more.
        task = Task(step="discuss" if count else "answer", role=role, question=state["text"], posts=context.said(thread))
        say = context.drafts(drafted, thread, role)
        (turn,) = context.agent.take_all([task], context.workbench(state["run_id"], as_of), say)
        saved = context.save(state["run_id"], self._fence, step, turn, as_of, thread)
        if not saved.posts:
            context.channel.drafting(drafted, thread, role, None)
        self._propose(state, step, turn, as_of)
        # From what is stored, not from the turn: after a crash the turn may read otherwise, what was said does not.
        posts = context.posts(saved.posts)
        following = next((name for post in posts for name in post.to if name in self._roles), "")
        done = count + 1 >= HANDOFFS or following in [*state.get("asked", []), role] or self._interrupted()
        return {"posts": saved.posts, "asked": [role], "role": "" if done else following}

    def _propose(self, state: Talk, step: str, turn: Turn, as_of: datetime) -> None:
        if not turn.proposals:
            return
        context, run_id = self._context, state["run_id"]
        proposals = gate.grounded(context, turn.proposals)
        context.save(run_id, self._fence, f"{step}:ground", Turn(proposals=proposals), as_of, state["thread_id"])
        for proposal in proposals:
            gate.commit_or_ask(context, proposal, run_id, self._fence, as_of)


def ask(  # noqa: PLR0913, PLR0917 - each is an independent part
    context: Context, thread_id: str, text: str, role: str, roles: Collection[str], as_of: datetime, by: str = "person"
) -> list[str]:
    """Put a message of a person, called ``by``, into a thread and return the ids of the posts that answer it."""
    return answer(context, Question(thread_id=thread_id, text=text, role=role, person=by), roles, as_of)


def answer(
    context: Context, question: Question, roles: Collection[str], as_of: datetime, interrupted: Callable[[], bool] = nobody
) -> list[str]:
    """Keep a person's message and let the desk answer it; returns the ids of the posts.

    A question with a key may be put again after a crash: what was said stays, what was not is said now.
    """
    run_id = run_of(context, question.thread_id)
    context.journal.start(run_id, "conversation", as_of, {}, "1")
    fence = context.journal.take(run_id)
    number = len(context.store.find(thread_id=question.thread_id, kinds=[Kind.MESSAGE]))
    key = question.key or str(number)
    hear(context, question.model_copy(update={"key": question.key or f"{number}:{_digest(question.text)}"}), as_of)
    first = {
        "run_id": run_id,
        "thread_id": question.thread_id,
        "as_of": as_of.isoformat(),
        "text": question.text,
        "role": question.role or addressed(question.text, roles),
        "key": key,
    }
    about = {tracing.WORKFLOW: "conversation", tracing.RUN: run_id, tracing.CONVERSATION: question.thread_id}
    with tracing.span("invoke_workflow", about):
        state = Conversation(context, roles, fence, interrupted).graph().compile().invoke(first)  # type: ignore[call-overload]
    waiting = context.journal.approvals(status="pending", run_id=run_id)
    reason = f"{len(waiting)} changes wait for a person: stoa approvals list" if waiting else ""
    context.journal.set_status(run_id, "waiting" if waiting else "done", reason)
    return list(state["posts"])


def hear(context: Context, question: Question, as_of: datetime) -> Record:
    """Keep what a person said, once a key, where every turn in its thread can read it."""
    return context.store.remember(
        Draft(
            kind=Kind.MESSAGE,
            body=question.text,
            author=question.person,
            run_id=run_of(context, question.thread_id),
            thread_id=question.thread_id,
            source_uri=question.source_uri,
            locator=question.locator,
            trust=Trust.PERSON,
            known_from=as_of,
            idempotency_key=f"{question.thread_id}:person:{question.key}",
        )
    )


def run_of(context: Context, thread_id: str) -> str:
    """The run that a talk in a thread belongs to: its own, so that it never takes a research run out of its worker's hands."""
    try:
        kind = context.journal.run(thread_id).kind
    except NotFoundError:
        return thread_id
    return f"{thread_id}:talk" if kind == "research" else thread_id


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
