"""What the machine does to a desk: the database goes away, the disk fills up. Nothing is lost, and it says so in one sentence."""

import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from memory.clock import system_clock
from memory.database import Database
from memory.dispatch import Dispatch
from memory.errors import BusyError
from memory.journal import Journal
from orchestrator.engine import Engine, Flow, RunRules
from orchestrator.procrastinate_queue import ProcrastinateQueue
from orchestrator.queue import LocalQueue
from tests.acceptance.conftest import make_small
from tests.commands import ROOT, environment
from tests.fakes import small_runs
from tests.fakes.postgres import postgres, until


@pytest.fixture
def server():
    """A server of the test's own, to be stopped and started."""
    with postgres() as own:
        yield own


def test_a_run_goes_on_where_it_was_when_the_database_is_back(server):
    url = server.new_url()
    database, stopped = Database(url), []
    small = small_runs.flow(database)

    def graph(lease):
        made = small.graph(lease)
        kept = made.nodes["1"].runnable.func

        def without(state):
            if not stopped:
                stopped.append(True)
                server.stop(signal.SIGQUIT)
            return kept(state)

        made.nodes["1"].runnable.func = without
        return made

    small_runs.enqueue(database, "r")
    runs = Engine(database, system_clock, url, {"small": Flow("1", graph, small.first)})
    with pytest.raises(BusyError, match="desk's database desk0 cannot be used"):
        runs.advance("r")
    with pytest.raises(BusyError):
        runs.journal.run("r")
    server.start()
    with database.writing() as connection:  # the lease of a process that lives runs out in 30 s
        connection.exec_driver_sql("UPDATE runs SET lease_until = NULL")
    assert runs.advance("r").status == "done"
    assert [key for _, key, _, _ in runs.journal.effects("r")] == ["r:0", "r:1", "r:2"]
    database.close()


@pytest.mark.parametrize("kind", ["local", "procrastinate"])
def test_a_worker_waits_for_the_database_and_serves_on(server, kind):
    url = server.new_url()
    database = Database(url)
    dispatch, journal = Dispatch(database), Journal(database, system_clock)
    queue = ProcrastinateQueue(url, dispatch, poll_seconds=0.2, silent_seconds=2) if kind == "procrastinate" else LocalQueue(dispatch, 0.2)
    for name in ("before", "after"):
        small_runs.enqueue(database, name)
    queue.ring("before")
    done = threading.Event()
    # A run that was under way when the database went is taken up again when its lease has run out.
    runs = small_runs.engine(database, url, RunRules(at_once=100, lease=timedelta(seconds=1)))
    thread = threading.Thread(target=queue.work, args=(runs.advance, done.is_set))
    thread.start()
    try:
        until(lambda: journal.run("before").status == "done")
        server.stop(signal.SIGQUIT)
        server.start()
        small_runs.enqueue(database, "later")
        until(lambda: all(row.status == "done" for row in journal.runs()))
    finally:
        done.set()
        thread.join(30)
        queue.close()
        database.close()


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from integrations.cli import main
main()
"""


def limited(stoa, size, *words):
    """A command on a disk where no file can grow beyond ``size`` bytes."""
    command = [sys.executable, "-c", LIMITED, str(size), *words, "--desk", str(stoa.desk)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=120, check=False)


def test_on_a_full_disk_a_run_stops_with_a_sentence_and_goes_on_when_there_is_room(tmp_path):
    stoa = make_small(tmp_path / "desk", ("silver-squeeze",), ("silver",))
    stoa.run("thesis", "list")
    largest = max(path.stat().st_size for path in stoa.desk.rglob("*") if path.is_file())
    full = limited(stoa, largest + 4_096, "run", "--run-id", "night", "--json")
    assert full.returncode == 1, full.stdout
    assert "Traceback" not in full.stderr
    assert full.stderr.strip().splitlines()[-1].startswith("stoa: ")
    stoa.run("verify")
    assert stoa.json("run", "--run-id", "night")["status"] in {"waiting", "done"}
    stoa.run("verify")
    assert all(row["state"] != "fail" for row in stoa.json("doctor")["checks"])
