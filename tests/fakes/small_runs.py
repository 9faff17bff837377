"""Runs that are small: three steps, an effect each, told by a desk's own tables. As a program, a worker that serves them."""

import operator
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypedDict

from memory.clock import system_clock
from memory.database import Database
from memory.dispatch import Dispatch
from memory.journal import Journal, NewRun
from orchestrator.engine import Engine, Flow, RunRules

STEPS = 3
AS_OF = datetime(2026, 3, 2, tzinfo=UTC)


class State(TypedDict, total=False):
    run_id: str
    done: Annotated[list[str], operator.add]


def flow(database: Database, steps: int = STEPS, seconds: float = 0.0, added: int = 20) -> Flow:
    """A line of steps; each leaves one effect under its key and one id of ``added`` characters in the state."""
    journal = Journal(database, system_clock)

    def graph(lease: Any) -> Any:
        from langgraph.graph import END, START, StateGraph

        def step(number: int) -> Any:
            def run(state: State) -> State:
                if seconds:
                    time.sleep(seconds)
                with database.writing() as connection:
                    journal.hold(connection, lease.run_id, lease.fence)
                    journal.emit(connection, f"{lease.run_id}:{number}", lease.run_id, "step", {"fence": lease.fence})
                return {"done": [f"{number:0{added}d}"]}

            return run

        made = StateGraph(State)
        made.add_node("0", step(0))
        made.add_edge(START, "0")
        for number in range(1, steps):
            made.add_node(str(number), step(number))
            made.add_edge(str(number - 1), str(number))
        made.add_edge(str(steps - 1), END)
        return made

    return Flow("1", graph, lambda row: {"run_id": row.run_id, "done": []})


def long_flow(steps: int, added: int, on_step: Callable[[], None] = lambda: None) -> Flow:
    """One step that is taken again and again; each time the state grows by an id of ``added`` characters."""

    def graph(lease: Any) -> Any:
        from langgraph.graph import END, START, StateGraph

        def step(state: State) -> State:
            on_step()
            return {"done": [f"{len(state['done']):0{added}d}"]}

        made = StateGraph(State)
        made.add_node("step", step)
        made.add_edge(START, "step")
        made.add_conditional_edges("step", lambda state: "step" if len(state["done"]) < steps else END, ["step", END])
        return made

    return Flow("1", graph, lambda row: {"run_id": row.run_id, "done": []})


def engine(database: Database, checkpoints: Path | str, rules: RunRules | None = None, **options: Any) -> Engine:
    return Engine(database, system_clock, checkpoints, {"small": flow(database, **options)}, rules or RunRules(at_once=100))


def enqueue(database: Database, run_id: str, lane: str = "", priority: int = 0) -> None:
    Journal(database, system_clock).enqueue(NewRun(run_id, "small", AS_OF, {}, "1"), lane=lane, priority=priority)


def main(url: str, seconds: str, lease_seconds: str) -> None:
    """Serve until killed; leases and heartbeats of so many seconds make a test of them short."""
    from orchestrator.procrastinate_queue import ProcrastinateQueue

    lease = timedelta(seconds=float(lease_seconds))
    database = Database(url)
    queue = ProcrastinateQueue(url, Dispatch(database, lease=lease), poll_seconds=1, silent_seconds=lease.total_seconds())
    runs = Engine(database, system_clock, url, {"small": flow(database, seconds=float(seconds))}, RunRules(at_once=100, lease=lease))
    queue.work(runs.advance, lambda: False)


if __name__ == "__main__":
    main(*sys.argv[1:])
