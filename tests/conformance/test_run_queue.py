"""What every ``RunQueue`` promises, held against both."""

import asyncio
import threading
import time

import procrastinate
import pytest

from memory.clock import system_clock
from memory.database import Database
from memory.dispatch import NIGHTLY, URGENT, Dispatch
from memory.errors import BusyError
from orchestrator.procrastinate_queue import ProcrastinateQueue
from orchestrator.queue import LocalQueue
from tests.fakes import small_runs

POLL = 0.1


class Made:
    """A queue on a database with its runs; ``serve`` works until all is done, or for the seconds a wait may take."""

    def __init__(self, database, checkpoints, queue, lost):
        self.database = database
        self.dispatch = Dispatch(database)
        self.queue = queue
        self.lost = lost
        self.engine = small_runs.engine(database, checkpoints)
        self.order = []

    def enter(self, *names, lane="", priority=0):
        for name in names:
            small_runs.enqueue(self.database, name, lane, priority)
            self.queue.ring(name)

    def advance(self, run_id):
        self.order.append(run_id)
        return self.engine.advance(run_id)

    def settled(self):
        rows = self.engine.journal.runs()
        return all(row.status in {"done", "failed", "cancelled", "paused"} for row in rows)

    def serve(self, advance=None, until=None, workers=1):
        last = time.monotonic() + 5
        stop = lambda: (until or self.settled)() or time.monotonic() > last  # noqa: E731
        threads = [threading.Thread(target=self.queue.work, args=(advance or self.advance, stop)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert (until or self.settled)(), [row[:4] for row in self.engine.journal.runs()]

    def status(self, name):
        return self.engine.journal.run(name).status

    def effects(self):
        return sorted(key for _, key, _, _ in self.engine.journal.effects())


@pytest.fixture(params=["local on sqlite", "local on postgresql", "procrastinate"])
def made(request, tmp_path):
    lost = []
    if request.param == "local on sqlite":
        where, checkpoints = tmp_path / "desk.db", tmp_path / "checkpoints.db"
    else:
        where = checkpoints = request.getfixturevalue("postgres_url")
    database = Database(where)
    dispatch = Dispatch(database)
    if request.param == "procrastinate":
        queue = ProcrastinateQueue(where, dispatch, poll_seconds=POLL, silent_seconds=1, on_lost=lambda: lost.append(True))
    else:
        queue = LocalQueue(dispatch, POLL)
    yield Made(database, checkpoints, queue, lost)
    queue.close()
    database.close()


def test_every_run_is_advanced_to_its_end_and_leaves_each_effect_once(made):
    names = [f"r{n}" for n in range(5)]
    made.enter(*names)
    made.serve(workers=2)
    assert made.effects() == sorted(f"{name}:{step}" for name in names for step in range(3))


def test_a_person_who_waits_goes_before_a_nightly_run(made):
    made.enter("night-1", "night-2", priority=NIGHTLY)
    made.enter("plain")
    made.enter("waiting", priority=URGENT)
    made.serve()
    assert made.order == ["waiting", "plain", "night-1", "night-2"]


def test_theses_take_turns_however_many_runs_one_of_them_has(made):
    made.enter("silver-1", "silver-2", "silver-3", lane="silver")
    made.enter("copper-1", lane="copper")
    made.enter("tin-1", "tin-2", lane="tin")
    made.serve()
    assert made.order == ["silver-1", "copper-1", "tin-1", "silver-2", "tin-2", "silver-3"]


def test_asking_many_times_for_one_advance_is_harmless(made):
    made.enter("r")
    for _ in range(3):
        made.queue.put("r")
    made.serve()
    assert made.effects() == ["r:0", "r:1", "r:2"]
    assert not made.engine.journal.run("r").due


def test_what_is_asked_for_while_a_run_advances_is_not_lost(made):
    made.enter("r")
    served = []

    def advance(run_id):
        lease = made.dispatch.take(run_id)
        served.append(run_id)
        if len(served) == 1:
            made.queue.put(run_id)
        made.dispatch.end(lease, "waiting" if len(served) == 1 else "done", "", system_clock())

    made.serve(advance)
    assert served == ["r", "r"]


def test_a_run_is_never_advanced_by_two_at_once(made):
    names = [f"r{n}" for n in range(4)]
    made.enter(*names)
    under_way, most, lock = {}, [], threading.Lock()

    def advance(run_id):
        with lock:
            under_way[run_id] = under_way.get(run_id, 0) + 1
            most.append(under_way[run_id])
        try:
            made.queue.put(run_id)
            return made.engine.advance(run_id)
        except BusyError:
            return None
        finally:
            with lock:
                under_way[run_id] -= 1

    made.serve(advance, workers=3)
    assert made.effects() == sorted(f"{name}:{step}" for name in names for step in range(3))
    fences = {name: {p["fence"] for _, _, _, p in made.engine.journal.effects(name)} for name in names}
    assert all(len(found) == 1 for found in fences.values()), fences


def test_a_cancelled_run_is_not_advanced(made):
    made.enter("stays", "goes")
    made.engine.journal.set_status("goes", "cancelled", "by Ann")
    made.queue.drop("goes")
    made.serve()
    assert made.order == ["stays"]
    assert made.status("goes") == "cancelled"


def test_a_paused_run_waits_until_it_is_woken(made):
    made.enter("r")
    made.dispatch.rest("r", "paused", "by Ann", system_clock())
    made.serve()
    assert made.effects() == []
    made.dispatch.wake("r", system_clock())
    made.queue.put("r")
    made.serve(until=lambda: made.status("r") == "done")
    assert made.effects() == ["r:0", "r:1", "r:2"]


def test_a_run_that_fails_is_said_and_holds_up_nobody(made):
    made.enter("bad", "good")

    def advance(run_id):
        if run_id == "bad":
            lease = made.dispatch.take(run_id)
            made.dispatch.end(lease, "failed", "no data", system_clock())
            raise ValueError("no data")
        return made.engine.advance(run_id)

    made.serve(advance)
    assert (made.status("bad"), made.status("good")) == ("failed", "done")


def test_the_run_of_a_worker_that_went_silent_is_taken_over(made):
    """It took the run, and a heartbeat never came."""
    made.enter("r")
    made.dispatch.take("r")
    with made.database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET lease_until = '2020-01-01T00:00:00.000000Z'")
    made.serve()
    assert made.status("r") == "done"
    assert made.effects() == ["r:0", "r:1", "r:2"]


def test_a_job_that_a_living_worker_could_not_end_holds_its_run_up_for_a_while_only(postgres_url):
    """The database was away at that moment alone: the worker's heart beats on, and the job says that it is worked on."""
    database = Database(postgres_url)
    queue = ProcrastinateQueue(postgres_url, Dispatch(database), poll_seconds=POLL, silent_seconds=1)
    made, taken, over = Made(database, postgres_url, queue, []), threading.Event(), threading.Event()
    made.enter("r")
    thread = threading.Thread(target=asyncio.run, args=(hold_a_job(postgres_url, taken, over),))
    thread.start()
    try:
        assert taken.wait(5)
        made.serve()
        assert (made.status("r"), made.effects()) == ("done", ["r:0", "r:1", "r:2"])
    finally:
        over.set()
        thread.join(5)
        queue.close()
        database.close()


async def hold_a_job(url, taken, over):
    """A worker that takes one job, never ends it, and lives on."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    async with app.open_async():
        worker = await app.job_manager.register_worker()
        assert await app.job_manager.fetch_job(None, worker)
        taken.set()
        while not over.is_set():
            await app.job_manager.update_heartbeat(worker)
            await asyncio.sleep(POLL)


def test_a_worker_whose_run_was_taken_over_says_nothing_about_it(made):
    made.enter("r")

    def advance(run_id):
        if not made.order:
            made.order.append(run_id)
            lease = made.dispatch.take(run_id)
            with made.database.writing() as connection:
                connection.exec_driver_sql("UPDATE runs SET lease_until = NULL")
            made.engine.advance(run_id)
            with made.database.writing() as connection:
                made.engine.journal.hold(connection, run_id, lease.fence)
        return made.engine.advance(run_id)

    made.serve(advance)
    assert made.status("r") == "done"
    assert made.effects() == ["r:0", "r:1", "r:2"]


def test_a_full_desk_says_what_a_run_waits_for_and_takes_it_later(made):
    made.enter("first")
    held = made.dispatch.take("first")
    made.enter("second")
    full = small_runs.engine(made.database, made.engine._checkpoints, small_runs.RunRules(at_once=1))
    said = []

    def advance(run_id):
        said.append(made.engine.journal.run("second").reason)
        if any("1 of 1 runs advance now" in text for text in said):
            made.dispatch.end(held, "done", "", system_clock())
        return full.advance(run_id)

    made.serve(advance, until=lambda: made.status("second") == "done")
    assert said[0] == "waits for its turn"


def test_a_run_that_has_to_wait_while_it_is_asked_for_again_goes_on(made):
    made.enter("r")
    tried = []

    def advance(run_id):
        tried.append(run_id)
        if len(tried) == 1:
            made.queue.put(run_id)
            raise BusyError("the database was away")
        return made.advance(run_id)

    made.serve(advance)
    assert made.effects() == ["r:0", "r:1", "r:2"]
