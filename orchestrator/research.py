"""The research graph: brief → plan → work (one branch a role) → discuss → propose → ground → gate → commit → publish → wait.

The state carries ids and small values only; what they name is in the domain tables, written under idempotency keys, so
that a step which is run again after a crash writes nothing twice.
"""

import operator
from datetime import datetime
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from agents.turn import Task, Turn
from orchestrator import gate
from orchestrator.brief import write_brief
from orchestrator.context import Context

WORKERS = ("data-analyst", "quant")
"""Roles whose work the others build on; developer and front-end join in the discussion, once findings are there."""
DISCUSSANTS = ("data-analyst", "developer", "frontend", "architect")


class State(TypedDict, total=False):
    """The state of one run; lists grow by what each step adds."""

    run_id: str
    fence: int
    as_of: str
    wanted: list[str]
    brief: str
    theses: list[str]
    role: str
    approval: str
    posts: Annotated[list[str], operator.add]
    findings: Annotated[list[str], operator.add]
    proposals: list[str]
    round: int
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
        graph.add_conditional_edges("plan", self._branches, ["work"])
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

    def _branches(self, state: State) -> list[Send]:
        shared = {key: state[key] for key in ("run_id", "as_of", "theses", "brief")}
        return [Send("work", {**shared, "role": role}) for role in WORKERS]

    def _more(self, state: State) -> str:
        return "discuss" if state["round"] < self._context.rounds else "propose"

    def _waits(self, state: State) -> list[Send] | str:
        shared = {key: state[key] for key in ("run_id", "as_of")}
        return [Send("wait", {**shared, "approval": item}) for item in state.get("approvals", [])] or END

    def brief(self, state: State) -> dict[str, Any]:
        """Take in what is new; name the theses it touches."""
        self._context.channel.progress("reading what is new")
        brief = write_brief(self._context, state["run_id"], _moment(state), state.get("wanted", []))
        return {"brief": brief, "theses": self._context.store.get(brief).data["theses"], "round": 0}

    def plan(self, state: State) -> dict[str, Any]:
        """The architect assigns."""
        question = self._context.store.get(state["brief"]).body
        return self._turn(state, "plan", Task(step="plan", role="architect", theses=tuple(state["theses"]), question=question))

    def work(self, state: State) -> dict[str, Any]:
        """One role works on its theses."""
        role = state["role"]
        self._context.channel.progress(f"{role} works on {len(state['theses'])} theses")
        new = tuple(self._context.store.get(state["brief"]).data["new_records"])
        return self._turn(state, f"work:{role}", Task(step="work", role=role, theses=tuple(state["theses"]), new_records=new))

    def discuss(self, state: State) -> dict[str, Any]:
        """One round: who was addressed answers; the architect closes in the last one."""
        number = state["round"]
        posts: list[str] = []
        findings: list[str] = []
        for role in DISCUSSANTS:
            task = Task(
                step="discuss", role=role, theses=tuple(state["theses"]), round=number,
                findings=self._context.findings(state.get("findings", [])),
                posts=(*self._context.posts(state.get("posts", []) + posts), *self._context.said_by_people(state["run_id"])),
            )  # fmt: skip
            if role == "data-analyst" and number:
                continue  # it has answered; the last round is for closing
            update = self._turn(state, f"discuss:{number}:{role}", task)
            posts += update["posts"]
            findings += update["findings"]
        return {"posts": posts, "findings": findings, "round": number + 1}

    def propose(self, state: State) -> dict[str, Any]:
        """The architect drafts revisions from the findings."""
        self._context.channel.progress("drafting revisions")
        findings = self._context.findings(state.get("findings", []))
        task = Task(step="propose", role="architect", theses=tuple(state["theses"]), findings=findings)
        turn = self._context.agent.take(task, self._context.workbench(state["run_id"], _moment(state)))
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
            found = gate.commit_or_ask(self._context, proposal, state["run_id"], self._fence, _moment(state))
            if found and found not in waiting:
                waiting.append(found)
        return {"approvals": waiting}

    def publish(self, state: State) -> dict[str, Any]:
        """Write the report and the charts."""
        self._context.channel.progress("drawing the report")
        self._context.index()
        self._context.reporter.publish(state["run_id"], _moment(state))
        return {}

    def wait(self, state: State) -> dict[str, Any]:
        """Park until a person has decided; then let an approved change into the book."""
        interrupt({"approval": state["approval"]})
        return {"settled": [gate.settle(self._context, state["approval"], state["run_id"], self._fence, _moment(state))]}

    def _turn(self, state: State, step: str, task: Task) -> dict[str, Any]:
        as_of = _moment(state)
        turn = self._context.agent.take(task, self._context.workbench(state["run_id"], as_of))
        saved = self._context.save(state["run_id"], self._fence, step, turn, as_of)
        return {"posts": saved.posts, "findings": saved.findings}


def _moment(state: State) -> datetime:
    return datetime.fromisoformat(state["as_of"])
