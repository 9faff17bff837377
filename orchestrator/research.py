"""The research graph: brief → plan → work → discuss → propose → ground → gate → commit → publish → wait.

The state carries ids and small values only; what they name is in the domain tables, written under idempotency keys, so
that a step which is run again after a crash writes nothing twice.
"""

import operator
from datetime import datetime
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from agents.turn import WORKERS, Task, Turn
from memory.errors import StaleError
from memory.sentences import counted
from orchestrator import gate
from orchestrator.brief import write_brief
from orchestrator.consolidate import close_run, consolidate
from orchestrator.context import Context

DISCUSSANTS = ("data-analyst", "quant", "developer", "frontend")
"""Who may speak in a round, in this order; the architect closes."""
RESERVE = 0.3
"""Share of the budget kept for the revisions: a discussion that has used the rest is closed."""


class State(TypedDict, total=False):
    """The state of one run; lists grow by what each step adds."""

    run_id: str
    fence: int
    as_of: str
    wanted: list[str]
    brief: str
    theses: list[str]
    approval: str
    posts: Annotated[list[str], operator.add]
    findings: Annotated[list[str], operator.add]
    proposals: list[str]
    round: int
    heard: int
    closed: bool
    approvals: list[str]
    settled: Annotated[list[str], operator.add]


class Research:
    """The graph's steps over one context; ``graph`` puts them in order."""

    def __init__(self, context: Context, fence: int) -> None:
        self._context = context
        self._fence = fence

    def graph(self) -> "StateGraph[State, None, State, State]":
        """The steps and their order, not yet compiled."""
        graph = StateGraph(State)
        for name in ("brief", "plan", "work", "discuss", "propose", "ground", "gate", "publish", "wait"):
            graph.add_node(name, self._counted(getattr(self, name)))
        graph.add_edge(START, "brief")
        graph.add_conditional_edges("brief", lambda state: "plan" if state["theses"] else "publish", ["plan", "publish"])
        graph.add_edge("plan", "work")
        graph.add_edge("work", "discuss")
        graph.add_conditional_edges("discuss", self._more, ["discuss", "propose"])
        graph.add_edge("propose", "ground")
        graph.add_edge("ground", "gate")
        graph.add_edge("gate", "publish")
        graph.add_conditional_edges("publish", self._waits, ["wait", END])
        graph.add_edge("wait", END)
        return graph

    def _counted(self, step: Any) -> Any:
        def run(state: State) -> dict[str, Any]:
            update: dict[str, Any] = step(state)
            self._context.journal.step(state["run_id"])
            return update

        return run

    def _more(self, state: State) -> str:
        return "propose" if state["closed"] else "discuss"

    def _waits(self, state: State) -> list[Send] | str:
        shared = {key: state[key] for key in ("run_id", "as_of")}
        return [Send("wait", {**shared, "approval": item}) for item in state.get("approvals", [])] or END

    def brief(self, state: State) -> dict[str, Any]:
        """Take in what is new; name the theses it touches."""
        self._context.channel.progress("reading what is new", 0.02)
        brief = write_brief(self._context, state["run_id"], _moment(state), state.get("wanted", []))
        return {"brief": brief, "theses": self._context.store.get(brief).data["theses"], "round": 0}

    def plan(self, state: State) -> dict[str, Any]:
        """The architect assigns."""
        question = self._context.store.get(state["brief"]).body
        return self._turns(state, "plan", [Task(step="plan", role="architect", theses=tuple(state["theses"]), question=question)])

    def work(self, state: State) -> dict[str, Any]:
        """Those whose work the others build on, side by side."""
        self._context.channel.progress(f"{' and '.join(WORKERS)} work on {counted(len(state['theses']), 'thesis', 'theses')}", 0.3)
        new = tuple(self._context.store.get(state["brief"]).data["new_records"])
        tasks = [Task(step="work", role=role, theses=tuple(state["theses"]), new_records=new) for role in WORKERS]
        return {**self._turns(state, "work", tasks), "heard": len(state["posts"])}

    def discuss(self, state: State) -> dict[str, Any]:
        """One round: who was addressed answers; the architect closes when nobody is, or when rounds or budget end."""
        number = state["round"]
        new = (*self._context.posts(state["posts"][state["heard"] :]), *self._context.said_by_people(state["run_id"]))
        addressed = {name for post in new for name in post.to}
        speakers = [role for role in DISCUSSANTS if role in addressed or (number == 0 and role != "quant")]
        update = self._turns(state, f"discuss:{number}", self._discussion(state, speakers, []))
        open_ = {name for post in self._context.posts(update["posts"]) for name in post.to if name in DISCUSSANTS}
        last = number + 1 >= self._context.rounds or self._context.agent.left(state["run_id"]) < RESERVE
        closed = last or (number > 0 and not open_)
        if closed:
            closing = self._turns(state, f"discuss:{number}", self._discussion(state, ["architect"], update["posts"]))
            update = {name: update[name] + closing[name] for name in update}
        return {**update, "round": number + 1, "heard": len(state["posts"]), "closed": closed}

    def _discussion(self, state: State, roles: list[str], since: list[str]) -> list[Task]:
        posts = (*self._context.posts(state.get("posts", []) + since), *self._context.said_by_people(state["run_id"]))
        findings, theses = self._context.findings(state.get("findings", [])), tuple(state["theses"])
        rounds = {role: max(state["round"], 1 if role == "architect" else 0) for role in roles}
        return [Task(step="discuss", role=role, theses=theses, round=rounds[role], findings=findings, posts=posts) for role in roles]

    def propose(self, state: State) -> dict[str, Any]:
        """The architect drafts revisions from the findings and what was said on them."""
        self._context.channel.progress("drafting revisions", 0.7)
        findings = self._context.findings(state.get("findings", []))
        posts = (*self._context.posts(state.get("posts", [])), *self._context.said_by_people(state["run_id"]))
        task = Task(step="propose", role="architect", theses=tuple(state["theses"]), findings=findings, posts=posts)
        saved = self._context.saved(state["run_id"], "propose")
        if saved is None:
            (turn,) = self._context.agent.take_all([task], self._context.workbench(state["run_id"], _moment(state)))
            saved = self._context.save(state["run_id"], self._fence, "propose", turn, _moment(state))
        return {"proposals": saved.proposals}

    def ground(self, state: State) -> dict[str, Any]:
        """Quotes are found verbatim, numbers resolve; what does not is marked, never dropped in silence."""
        proposals = gate.grounded(self._context, self._context.proposals(state.get("proposals", [])))
        saved = self._context.save(state["run_id"], self._fence, "ground", Turn(proposals=proposals), _moment(state))
        return {"proposals": saved.proposals}

    def gate(self, state: State) -> dict[str, Any]:
        """Commit what the rules allow; enter the rest as approvals that wait."""
        waiting: list[str] = []
        for proposal in self._context.proposals(state.get("proposals", [])):
            try:
                found = gate.commit_or_ask(self._context, proposal, state["run_id"], self._fence, _moment(state))
            except StaleError:
                found = gate.commit_or_ask(
                    self._context, proposal, state["run_id"], self._fence, _moment(state)
                )  # another run was first, at this instant: read the book again
            if found and found not in waiting:
                waiting.append(found)
        return {"approvals": waiting}

    def publish(self, state: State) -> dict[str, Any]:
        """Sum up what the run leaves in memory; write the report and the charts."""
        self._context.channel.progress("drawing the report", 0.85)
        close_run(self._context, state["run_id"], self._fence, _moment(state), state["theses"])
        self._context.index()
        self._context.reporter.publish(state["run_id"], _moment(state))
        return {}

    def wait(self, state: State) -> dict[str, Any]:
        """Park until a person has decided; then let an approved change into the book."""
        interrupt({"approval": state["approval"]})
        context, run_id = self._context, state["run_id"]
        settled = gate.settle(context, state["approval"], run_id, self._fence, _moment(state))
        thesis = context.journal.approval(state["approval"]).proposal.thesis
        consolidate(context, run_id, _moment(state), [thesis], self._fence)
        return {"settled": [settled]}

    def _turns(self, state: State, step: str, tasks: list[Task]) -> dict[str, Any]:
        """A turn a task, each saved as it comes; one that was saved before a crash is not taken again."""
        context, run_id, as_of = self._context, state["run_id"], _moment(state)
        saved = {task.role: context.saved(run_id, f"{step}:{task.role}") for task in tasks}
        done = context.findings([name for found in saved.values() if found for name in found.findings])
        rest = [task.model_copy(update={"findings": (*task.findings, *done)}) for task in tasks if saved[task.role] is None]
        for task, turn in zip(rest, context.agent.take_all(rest, context.workbench(run_id, as_of)), strict=True):
            saved[task.role] = context.save(run_id, self._fence, f"{step}:{task.role}", turn, as_of)
        found = [item for item in saved.values() if item]
        return {"posts": [name for item in found for name in item.posts], "findings": [name for item in found for name in item.findings]}


def _moment(state: State) -> datetime:
    return datetime.fromisoformat(state["as_of"])
