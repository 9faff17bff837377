"""The conversation graph: a message → the mentioned role, or the architect → a turn, with hand-offs → the reply."""

import operator
import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from agents.turn import Task
from memory.records import Draft, Kind, Trust
from orchestrator.context import Context

HANDOFFS = 3
"""Turns a message can cause at the most: agents that answer each other without end help nobody."""


class Talk(TypedDict, total=False):
    """One message and the turns it caused."""

    thread_id: str
    as_of: str
    text: str
    role: str
    number: int
    asked: Annotated[list[str], operator.add]
    posts: Annotated[list[str], operator.add]


def addressed(text: str, known: Collection[str]) -> str:
    """The role that a message names first: ``@quant``, ``quant:``; else the architect."""
    for match in re.finditer(r"@([a-z][a-z-]*)|^\s*([a-z][a-z-]*)\s*:", text.lower()):
        name = match[1] or match[2]
        if name in known:
            return name
    return "architect"


class Conversation:
    """The graph of one exchange."""

    def __init__(self, context: Context, roles: Collection[str], fence: int) -> None:
        self._context = context
        self._roles = roles
        self._fence = fence

    def graph(self) -> "StateGraph[Talk, None, Talk, Talk]":
        """Turn after turn until nobody is addressed."""
        graph = StateGraph(Talk)
        graph.add_node("turn", self.turn)
        graph.add_edge(START, "turn")
        graph.add_conditional_edges("turn", lambda state: "turn" if state.get("role") else END, ["turn", END])
        return graph

    def turn(self, state: Talk) -> dict[str, Any]:
        """One role answers; whom it addresses answers next."""
        role = state["role"]
        as_of = datetime.fromisoformat(state["as_of"])
        count = len(state.get("asked", []))
        task = Task(step="answer", role=role, question=state["text"], posts=self._context.posts(state.get("posts", [])))
        key = f"answer:{state['number']}:{count}"
        say = self._context.drafts(state["thread_id"], key, role)
        (turn,) = self._context.agent.take_all([task], self._context.workbench(state["thread_id"], as_of), say)
        saved = self._context.save(state["thread_id"], self._fence, key, turn, as_of)
        following = next((name for post in turn.posts for name in post.to if name in self._roles), "")
        done = count + 1 >= HANDOFFS or following in [*state.get("asked", []), role]
        return {"posts": saved.posts, "asked": [role], "role": "" if done else following}


def ask(  # noqa: PLR0913, PLR0917 - each is an independent part
    context: Context, thread_id: str, text: str, role: str, roles: Collection[str], as_of: datetime, author: str = "person"
) -> list[str]:
    """Put a person's message into a thread and return the ids of the posts that answer it."""
    context.journal.start(thread_id, "conversation", as_of, {}, "1")
    fence = context.journal.take(thread_id)
    number = len(context.store.find(thread_id=thread_id, kinds=[Kind.MESSAGE]))
    context.store.remember(
        Draft(
            kind=Kind.MESSAGE,
            body=text,
            author=author,
            run_id=thread_id,
            thread_id=thread_id,
            trust=Trust.PERSON,
            known_from=as_of,
            idempotency_key=f"{thread_id}:person:{number}:{_key(text)}",
        )
    )
    first = {
        "thread_id": thread_id,
        "as_of": as_of.isoformat(),
        "text": text,
        "role": role or addressed(text, roles),
        "number": number,
    }
    state = Conversation(context, roles, fence).graph().compile().invoke(first)  # type: ignore[call-overload]
    context.journal.set_status(thread_id, "done")
    return list(state["posts"])


def _key(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:12]
