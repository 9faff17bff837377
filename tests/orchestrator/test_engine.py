import threading

import pytest

from memory.dispatch import Dispatch
from memory.errors import BusyError, ConflictError, LostError
from memory.journal import Journal
from orchestrator.engine import Engine, Flow, RunRules
from orchestrator.errors import RunError
from tests.fakes import small_runs


@pytest.fixture
def checkpoints(database, tmp_path):
    return database.where if database.postgres else tmp_path / "checkpoints.db"


@pytest.fixture
def dispatch(database, clock):
    return Dispatch(database, clock)


def effects(database, run_id=""):
    return [key for _, key, _, _ in Journal(database, None).effects(run_id)]


def stored(checkpoints, run_id):
    """(checkpoints of a run, bytes of its state) as they lie in the database."""
    if isinstance(checkpoints, str):
        import psycopg

        with psycopg.connect(checkpoints) as connection:
            count = connection.execute("SELECT count(*) FROM checkpoints WHERE thread_id = %s", [run_id]).fetchone()[0]
            size = connection.execute(
                "SELECT coalesce((SELECT sum(length(blob)) FROM checkpoint_blobs WHERE thread_id = %(r)s), 0) "
                "+ coalesce((SELECT sum(length(blob)) FROM checkpoint_writes WHERE thread_id = %(r)s), 0) "
                "+ coalesce((SELECT sum(length(checkpoint::text)) FROM checkpoints WHERE thread_id = %(r)s), 0)",
                {"r": run_id},
            ).fetchone()[0]
            return count, int(size)
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(checkpoints)) as connection:
        count = connection.execute("SELECT count(*) FROM checkpoints WHERE thread_id = ?", [run_id]).fetchone()[0]
        size = connection.execute(
            "SELECT coalesce((SELECT sum(length(checkpoint)) FROM checkpoints WHERE thread_id = ?), 0) "
            "+ coalesce((SELECT sum(length(value)) FROM writes WHERE thread_id = ?), 0)",
            [run_id, run_id],
        ).fetchone()[0]
        return count, size


def test_a_run_goes_to_its_end_and_leaves_each_effect_once(database, checkpoints):
    small_runs.enqueue(database, "r")
    runs = small_runs.engine(database, checkpoints)
    assert runs.advance("r").status == "done"
    assert runs.advance("r").status == "done"
    assert effects(database) == ["r:0", "r:1", "r:2"]


def test_a_step_that_fails_leaves_a_reason_and_retry_goes_on_from_there(database, checkpoints):
    calls, small = [], small_runs.flow(database)

    def graph(lease):
        made = small.graph(lease)
        kept = made.nodes["1"].runnable.func

        def once(state):
            calls.append(1)
            if len(calls) == 1:
                raise ValueError("a bad day")
            return kept(state)

        made.nodes["1"].runnable.func = once
        return made

    runs = Engine(database, small_runs.system_clock, checkpoints, {"small": Flow("1", graph, small.first)})
    small_runs.enqueue(database, "r")
    with pytest.raises(ValueError, match="bad day"):
        runs.advance("r")
    failed = runs.journal.run("r")
    assert (failed.status, failed.due) == ("failed", False)
    assert "a bad day" in failed.reason
    assert "stoa runs retry r" in failed.reason
    assert runs.advance("r").status == "done"
    assert effects(database) == ["r:0", "r:1", "r:2"]
    assert len(calls) == 2


def test_a_paused_run_stops_after_its_step_keeps_its_reason_and_goes_on_when_it_is_woken(database, checkpoints):
    small = small_runs.flow(database)
    dispatch = Dispatch(database)

    def graph(lease):
        made = small.graph(lease)
        kept = made.nodes["1"].runnable.func

        def pausing(state):
            assert dispatch.rest("r", "paused", "by Ann", small_runs.system_clock()) is False
            return kept(state)

        made.nodes["1"].runnable.func = pausing
        return made

    runs = Engine(database, small_runs.system_clock, checkpoints, {"small": Flow("1", graph, small.first)})
    small_runs.enqueue(database, "r")
    paused = runs.advance("r")
    assert (paused.status, effects(database)) == ("paused", ["r:0", "r:1"])
    assert runs.advance("r").status == "paused"
    dispatch.wake("r", small_runs.system_clock())
    assert runs.advance("r").status == "done"
    assert effects(database) == ["r:0", "r:1", "r:2"]


def test_who_lost_its_run_writes_neither_effect_nor_state(database, checkpoints, dispatch, clock):
    """The first owner freezes in its second step; the second one finishes; then the first wakes up."""
    small = small_runs.flow(database)

    def graph(lease):
        made = small.graph(lease)
        if lease.fence == 1:
            kept = made.nodes["1"].runnable.func

            def frozen(state):
                with database.writing() as connection:
                    connection.exec_driver_sql("UPDATE runs SET lease_until = NULL")
                assert small_runs.engine(database, checkpoints).advance("r").status == "done"
                return kept(state)

            made.nodes["1"].runnable.func = frozen
        return made

    runs = Engine(database, small_runs.system_clock, checkpoints, {"small": Flow("1", graph, small.first)})
    small_runs.enqueue(database, "r")
    with pytest.raises(LostError, match="taken over"):
        runs.advance("r")
    assert runs.journal.run("r").status == "done"
    assert [payload["fence"] for _, _, _, payload in runs.journal.effects("r")] == [1, 2, 2]


def test_a_run_that_another_version_began_is_stopped_with_the_way_out(database, checkpoints):
    small_runs.enqueue(database, "r")
    flow = small_runs.flow(database)._replace(version="2")
    runs = Engine(database, small_runs.system_clock, checkpoints, {"small": flow})
    with pytest.raises(RunError, match="begun by version 1 of its steps and this desk has version 2"):
        runs.advance("r")
    assert "stoa runs cancel r" in runs.journal.run("r").reason
    assert effects(database) == []


def test_a_cancelled_run_stays_cancelled_whatever_its_process_says(database, checkpoints):
    small = small_runs.flow(database)
    journal = Journal(database, small_runs.system_clock)

    def graph(lease):
        made = small.graph(lease)
        kept = made.nodes["1"].runnable.func

        def cancelled(state):
            journal.set_status("r", "cancelled", "by Ann")
            return kept(state)

        made.nodes["1"].runnable.func = cancelled
        return made

    runs = Engine(database, small_runs.system_clock, checkpoints, {"small": Flow("1", graph, small.first)})
    small_runs.enqueue(database, "r")
    with pytest.raises(LostError, match="cancelled"):
        runs.advance("r")
    row = journal.run("r")
    assert (row.status, row.reason, effects(database)) == ("cancelled", "by Ann", ["r:0"])


@pytest.mark.parametrize("steps", [100, 500])
def test_what_is_kept_of_a_long_run_grows_as_what_its_steps_added(database, checkpoints, steps):
    small_runs.enqueue(database, "r")
    flows = {"small": small_runs.long_flow(steps, added=100)}
    assert Engine(database, small_runs.system_clock, checkpoints, flows).advance("r").status == "done"
    count, size = stored(checkpoints, "r")
    assert count == 1
    assert size <= 1.2 * steps * 100


def test_the_checkpoints_of_a_finished_run_go_when_its_days_are_over(database, checkpoints):
    small_runs.enqueue(database, "old")
    small_runs.engine(database, checkpoints, RunRules(keep_days=1)).advance("old")
    assert stored(checkpoints, "old")[0] == 1
    small_runs.enqueue(database, "new")
    small_runs.engine(database, checkpoints, RunRules(keep_days=0)).advance("new")
    assert [stored(checkpoints, name)[0] for name in ("old", "new")] == [0, 0]


def test_a_class_named_by_a_stored_row_is_not_revived(database, checkpoints, monkeypatch):
    import ormsgpack
    from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_POS_ARGS

    from orchestrator.checkpoints import strict

    poison = ormsgpack.packb(
        ormsgpack.Ext(EXT_CONSTRUCTOR_POS_ARGS, ormsgpack.packb(["subprocess", "Popen", [["false"]]])), option=ormsgpack.OPT_NON_STR_KEYS
    )
    assert strict().loads_typed(("msgpack", poison)) == [["false"]]


def test_only_one_of_many_that_advance_a_run_at_once_does(database, checkpoints):
    small_runs.enqueue(database, "r")
    runs = small_runs.engine(database, checkpoints, seconds=0.05)
    outcomes, start = [], threading.Barrier(4)

    def advance():
        start.wait(5)
        try:
            outcomes.append(runs.advance("r").status)
        except BusyError:
            outcomes.append("busy")

    threads = [threading.Thread(target=advance) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["busy", "busy", "busy", "done"]
    assert effects(database) == ["r:0", "r:1", "r:2"]


def test_a_lease_ends_in_time_also_when_the_clock_is_set_back(database, dispatch, clock):
    for name in ("a", "b"):
        small_runs.enqueue(database, name)
    first = dispatch.take("a")
    with pytest.raises(BusyError, match="another process"):
        dispatch.take("a")
    clock.advance(seconds=31)
    second = dispatch.take("a")
    assert second.fence == first.fence + 1
    assert not dispatch.renew(first)
    assert not dispatch.end(first, "failed", "late", clock())
    clock.advance(hours=-5)
    assert dispatch.take("a").fence == second.fence + 1


def test_no_more_runs_advance_at_once_than_the_settings_allow_and_the_rest_say_so(database, dispatch):
    for name in "abc":
        small_runs.enqueue(database, name)
    leases = [dispatch.take(name, at_once=2) for name in "ab"]
    with pytest.raises(BusyError, match="2 of 2 runs advance now"):
        dispatch.take("c", at_once=2)
    dispatch.end(leases[0], "done", "", small_runs.AS_OF)
    assert dispatch.take("c", at_once=2).run_id == "c"
    with pytest.raises(ConflictError, match="a is done"):
        dispatch.take("a")
