"""Small runs (three steps, an effect each): the bare graph, the engine around it, and workers on one PostgreSQL."""

import itertools
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memory.clock import system_clock
from memory.database import Database
from memory.dispatch import Dispatch
from memory.journal import Journal
from orchestrator.checkpoints import open_saver
from orchestrator.engine import Engine
from orchestrator.procrastinate_queue import ProcrastinateQueue
from tests.fakes import small_runs

ROOT = Path(__file__).parents[2]
QUEUED = int(os.environ.get("STOA_QUEUED", "300"))
NAMES = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request, tmp_path):
    """(database, where the checkpoints go)."""
    where = tmp_path / "desk.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    database = Database(where)
    yield database, where if database.postgres else tmp_path / "checkpoints.db"
    database.close()


def test_the_bare_graph(benchmark, places):
    """The steps and their effects with LangGraph and its saver alone: no lease, no fence, no row of the run's own to keep."""
    database, checkpoints = places
    flow = small_runs.flow(database)

    def one():
        name = f"r{next(NAMES)}"
        small_runs.enqueue(database, name)
        with open_saver(checkpoints, None) as saver:
            graph = flow.graph(Dispatch(database).take(name)).compile(checkpointer=saver)
            graph.invoke({"run_id": name, "done": []}, {"configurable": {"thread_id": name}}, durability="sync")

    benchmark.pedantic(one, rounds=60, warmup_rounds=5)


def test_a_run_through_the_engine(benchmark, places):
    database, checkpoints = places
    engine = small_runs.engine(database, checkpoints)

    def one():
        name = f"r{next(NAMES)}"
        small_runs.enqueue(database, name)
        assert engine.advance(name).status == "done"

    benchmark.pedantic(one, rounds=60, warmup_rounds=5)


def test_a_step_takes_as_long_at_the_end_of_500_as_at_their_beginning(benchmark, places):
    """Medians of a hundred steps; each step adds 100 characters to the state. The first fifty are for warming up."""
    database, checkpoints = places
    begun, ratios = [], []
    flows = {"small": small_runs.long_flow(500, 100, lambda: begun.append(time.perf_counter()))}

    def one():
        begun.clear()
        name = f"r{next(NAMES)}"
        small_runs.enqueue(database, name)
        assert Engine(database, system_clock, checkpoints, flows).advance(name).status == "done"
        steps = [later - earlier for earlier, later in itertools.pairwise(begun)]
        ratios.append(statistics.median(steps[-100:]) / statistics.median(steps[50:150]))

    benchmark.pedantic(one, rounds=5)
    benchmark.extra_info["last_hundred_to_first"] = round(statistics.median(ratios), 3)
    assert statistics.median(ratios) <= 1.2


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_runs_a_second_with_workers(benchmark, postgres_url, workers):
    database = Database(postgres_url)
    journal = Journal(database, system_clock)
    queue = ProcrastinateQueue(postgres_url, Dispatch(database))
    for number in range(QUEUED):
        small_runs.enqueue(database, f"r{number}", lane=f"t{number % 7}")
        queue.ring(f"r{number}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STOA_")}
    command = [sys.executable, "-m", "tests.fakes.small_runs", postgres_url, "0", "30"]
    processes = [subprocess.Popen(command, cwd=ROOT, env={**kept, "PYTHONPATH": str(ROOT)}) for _ in range(workers)]
    try:
        benchmark.pedantic(lambda: _until(lambda: len(journal.runs(("done",))) == QUEUED), rounds=1)
    finally:
        for process in processes:
            process.kill()
            process.wait(timeout=5)
        queue.close()
    # The first fifth is for starting up.
    ends = sorted(row.updated_at for row in journal.runs(("done",)))[QUEUED // 5 :]
    benchmark.extra_info["runs_a_second"] = round((len(ends) - 1) / (ends[-1] - ends[0]).total_seconds(), 1)
    database.close()


def _until(condition):
    last = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.1)
