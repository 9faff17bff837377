"""Schedules fire as their policy says, once, whoever looks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.clock import Clock
from memory.database import Database
from memory.errors import ConflictError, InputError, NotFoundError
from memory.journal import Journal, NewRun
from memory.schedules import Schedule, Schedules
from orchestrator.errors import ScheduleError
from orchestrator.schedule import Scheduler
from orchestrator.timetable import Dated

START = datetime(2026, 3, 23, 6, 0, tzinfo=UTC)  # a Monday
MORNING = "weekdays 07:30 Europe/Zurich"


class Outside:
    """What schedules look at beside the clock, as a test sets it."""

    def __init__(self) -> None:
        self.dated: list[Dated] = []
        self.there: dict[str, str] = {}
        self.truth: bool | None = False

    def events(self, theses):
        return [item for item in self.dated if not theses or item.thesis in theses]

    def files(self, pattern):
        return dict(self.there)

    def holds(self, rule, at):
        return self.truth


class Desk:
    """A scheduler whose runs are rows of the real journal."""

    def __init__(self, database: Database, clock: Clock = lambda: START, seed: int = 0) -> None:
        self.journal = Journal(database, clock)
        self.rows = Schedules(database)
        self.outside = Outside()
        self.entered: list[str] = []
        self.scheduler = Scheduler(self.rows, self.outside, self.enter, seed)

    def enter(self, tick, schedule) -> None:
        self.entered.append(tick.key)
        self.journal.enqueue(NewRun(tick.run_id, "research", tick.as_of, {"theses": list(schedule.theses)}, "1"))

    def add(self, when=MORNING, name="job", at=START, **options) -> None:
        self.scheduler.add(name, Schedule(when=when, **options), at)

    def finish(self, status="done") -> None:
        for row in self.journal.runs(("queued", "running")):
            self.journal.set_status(row.run_id, status)

    def look(self, at) -> list[str]:
        """Days and times that were entered at an instant."""
        return [key.partition("@")[2][:16] for key in self.scheduler.tick(at).entered]


@pytest.fixture
def desk(tmp_path):
    database = Database(tmp_path / "desk.db")
    yield Desk(database)
    database.close()


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_tick_is_entered_once_when_it_is_due(desk):
    desk.add()
    assert desk.look(at("2026-03-23T06:29")) == []
    assert desk.look(at("2026-03-23T06:30")) == ["2026-03-23T07:30"]
    assert desk.look(at("2026-03-23T06:31")) == []
    (tick,) = desk.rows.ticks("job")
    assert tick.status == "queued"
    assert desk.journal.run(tick.run_id).as_of == at("2026-03-23T06:30")


def test_nothing_before_a_schedule_was_added_is_due(desk):
    desk.add(at=at("2026-03-23T06:31"), missed="all")
    assert desk.look(at("2026-03-23T12:00")) == []


@pytest.mark.parametrize(
    ("missed", "entered"),
    [("skip", ["2026-03-27T07:30"]), ("once", ["2026-03-26T07:30", "2026-03-27T07:30"]),
     ("all", ["2026-03-24T07:30", "2026-03-25T07:30", "2026-03-26T07:30", "2026-03-27T07:30"])],
)  # fmt: skip
def test_three_days_of_downtime_are_made_good_as_the_policy_says(desk, missed, entered):
    desk.add(missed=missed)
    desk.look(at("2026-03-23T06:30"))
    desk.finish()
    seen, now = [], at("2026-03-26T20:00")
    while now <= at("2026-03-27T08:00"):
        seen += desk.look(now)
        desk.finish()
        now += timedelta(minutes=5)
    assert seen == entered
    reasons = [tick.reason for tick in desk.rows.ticks("job") if tick.status == "skipped"]
    assert reasons == (["3 missed while nobody looked"] if missed == "skip" else [])


def test_a_run_that_is_made_good_sees_what_was_known_when_it_was_due(desk):
    desk.add(missed="all")
    desk.look(at("2026-03-26T20:00"))
    assert desk.journal.runs()[0].as_of == at("2026-03-23T06:30")


@pytest.mark.parametrize(("missed", "entered"), [("skip", []), ("once", ["2026-03-25T07:30"]), ("all", ["2026-03-24T07:30"])])
def test_a_job_never_overlaps_itself(desk, missed, entered):
    desk.add(missed=missed)
    desk.look(at("2026-03-23T06:30"))
    for day in ("2026-03-24T06:30", "2026-03-25T06:30"):
        assert desk.look(at(day)) == []
    desk.finish()
    assert desk.look(at("2026-03-25T06:45")) == entered


def test_a_run_that_waits_for_a_person_holds_nothing_up(desk):
    desk.add()
    desk.look(at("2026-03-23T06:30"))
    desk.finish("waiting")
    assert desk.look(at("2026-03-24T06:30")) == ["2026-03-24T07:30"]


def test_daylight_saving_moves_the_instant_and_not_the_time(desk):
    desk.add("daily 07:30 Europe/Zurich", at=at("2026-03-27T12:00"))
    seen = []
    for hour in range(96):
        seen += [
            (at("2026-03-27T12:00") + timedelta(hours=hour, minutes=30), key)
            for key in desk.look(at("2026-03-27T12:30") + timedelta(hours=hour))
        ]
        desk.finish()
    assert [f"{moment:%dT%H:%M} {key}" for moment, key in seen] == [
        "28T06:30 2026-03-28T07:30", "29T05:30 2026-03-29T07:30", "30T05:30 2026-03-30T07:30", "31T05:30 2026-03-31T07:30",
    ]  # fmt: skip


def test_in_autumn_a_time_that_comes_twice_fires_once(desk):
    desk.add("daily 01:30 America/New_York", at=at("2026-11-01T00:00"))
    seen = []
    for minutes in range(0, 24 * 60, 10):
        seen += desk.look(at("2026-11-01T00:00") + timedelta(minutes=minutes))
        desk.finish()
    assert seen == ["2026-11-01T01:30"]


def test_two_tickers_at_once_enter_a_run_once(database):
    Desk(database).add(missed="all")
    barrier = Barrier(2, timeout=5)

    def ticker(_number):
        mine = Desk(database)
        barrier.wait()
        return mine.scheduler.tick(at("2026-03-23T06:30")).entered, len(mine.journal.runs())

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(ticker, range(2)))
    assert len(Desk(database).journal.runs()) == 1
    assert [tick.status for tick in Desk(database).rows.ticks("job")] == ["queued"]
    assert {key for entered, _ in found for key in entered} == {"job@2026-03-23T07:30 Europe/Zurich"}


def test_a_process_that_ends_between_tick_and_run_loses_nothing(desk):
    desk.add()

    class Killed(BaseException):
        pass

    def killed(tick, schedule):
        raise Killed

    dying = Scheduler(desk.rows, desk.outside, killed)
    with pytest.raises(Killed):
        dying.tick(at("2026-03-23T06:30"))
    assert desk.journal.runs() == []
    assert desk.look(at("2026-03-23T06:31")) == ["2026-03-23T07:30"]
    assert len(desk.journal.runs()) == 1


def test_a_tick_whose_run_can_never_be_entered_is_dealt_with_and_said(desk):
    def refuse(tick, schedule):
        raise NotFoundError("there is no thesis 'gone'")

    desk.add()
    done = Scheduler(desk.rows, desk.outside, refuse).tick(at("2026-03-23T06:30"))
    assert done.failed == {"job": "there is no thesis 'gone'"}
    assert [(tick.status, tick.reason) for tick in desk.rows.ticks("job")] == [("skipped", "there is no thesis 'gone'")]


def test_jitter_is_the_same_in_every_process_and_bounded(desk, tmp_path):
    desk.add("cron 0 * * * * UTC", jitter=timedelta(minutes=30))
    coming = desk.scheduler.coming(START, 50)
    late = [(item.at - at(item.local[:16])).total_seconds() for item in coming]
    assert all(0 <= seconds <= 1800 for seconds in late)
    assert len(set(late)) > 25
    assert Desk(desk.journal._database).scheduler.coming(START, 50) == coming
    assert Desk(desk.journal._database, seed=1).scheduler.coming(START, 50) != coming
    first = next(item for item in coming if item.at.second)
    assert desk.look(first.at - timedelta(seconds=1)) == []
    assert desk.look(first.at) == [first.local[:16]]


def test_a_market_holiday_is_left_out_and_the_end_of_a_calendar_is_said(desk):
    desk.add("XNYS 07:30 Europe/Zurich", at=at("2026-11-25T12:00"))
    assert desk.look(at("2026-11-26T12:00")) == []
    assert desk.look(at("2026-11-27T06:30")) == ["2026-11-27T07:30"]
    desk.scheduler.remove("job", START)
    desk.add("XKRX 09:00 Asia/Seoul", name="seoul", at=at("2050-12-31T12:00"))
    done = desk.scheduler.tick(at("2051-01-05T12:00"))
    assert "may be a holiday" in done.failed["seoul"]
    assert "may be a holiday" in desk.rows.get("seoul").error


def test_a_dated_event_wakes_the_desk_before_and_after(desk):
    desk.outside.dated = [Dated("silver", date(2026, 3, 27), "first notice day"), Dated("gold", date(2026, 3, 24), "vote")]
    desk.add("catalysts -2,+1 07:30 UTC", theses=("silver",))
    seen = []
    for day in range(10):
        seen += desk.look(at("2026-03-23T07:30") + timedelta(days=day))
        desk.finish()
    assert seen == ["2026-03-25T07:30", "2026-03-28T07:30"]


def test_an_event_that_is_entered_late_does_not_fire_for_the_past(desk):
    desk.add("catalysts -2 07:30 UTC")
    for hour in range(96):
        desk.look(START + timedelta(hours=hour))
    desk.outside.dated = [Dated("silver", date(2026, 3, 27), "first notice day")]
    assert desk.look(START + timedelta(hours=97)) == []


def test_a_file_that_arrives_fires_once_and_none_is_lost_while_a_run_is_under_way(desk):
    desk.outside.there = {"sources/old.pdf": "1"}
    desk.add("file sources/*.pdf")
    assert desk.look(START) == []
    desk.outside.there["sources/new.pdf"] = "1"
    assert len(desk.look(START + timedelta(minutes=1))) == 1
    desk.outside.there["sources/newer.pdf"] = "1"
    assert desk.look(START + timedelta(minutes=2)) == []
    desk.finish()
    assert len(desk.look(START + timedelta(minutes=3))) == 1
    desk.finish()
    assert desk.look(START + timedelta(minutes=4)) == []
    desk.outside.there["sources/old.pdf"] = "2"
    assert len(desk.look(START + timedelta(minutes=5))) == 1


def test_a_rule_fires_when_it_begins_to_hold_and_not_while_the_data_are_silent(desk):
    desk.outside.truth = True
    desk.add("rule last(x) > 1")
    fired = []
    for number, truth in enumerate([True, False, None, True, True, None, True, False, True]):
        desk.outside.truth = truth
        fired.append(len(desk.look(START + timedelta(minutes=number))))
        desk.finish()
    assert fired == [0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_stoa_toml_is_followed_and_a_person_cannot_remove_what_it_says(desk):
    desk.scheduler.follow({"morning": Schedule(when=MORNING)}, START)
    with pytest.raises(ConflictError, match=r"take \[schedules.morning\] out of it"):
        desk.scheduler.remove("morning", START)
    with pytest.raises(InputError, match="choose another name"):
        desk.add(name="morning")
    desk.add(name="mine")
    desk.scheduler.follow({}, START)
    assert [row.name for row in desk.rows.rows()] == ["mine"]


def test_a_wrong_time_in_stoa_toml_is_said_and_stops_no_other(desk):
    desk.scheduler.follow({"wrong": Schedule(when="sometimes 07:30 UTC"), "right": Schedule(when=MORNING)}, START)
    assert desk.look(at("2026-03-23T06:30")) == ["2026-03-23T07:30"]
    assert "is not understood" in desk.rows.get("wrong").error


def test_the_same_file_read_again_does_not_begin_a_schedule_anew(desk):
    desk.scheduler.follow({"morning": Schedule(when=MORNING)}, START)
    desk.scheduler.follow({"morning": Schedule(when=MORNING)}, at("2026-03-23T06:31"))
    assert desk.look(at("2026-03-23T06:32")) == ["2026-03-23T07:30"]


def test_a_removed_schedule_fires_no_more(desk):
    desk.add()
    desk.scheduler.remove("job", START)
    assert desk.look(at("2026-03-23T06:30")) == []
    with pytest.raises(NotFoundError, match="stoa schedule list"):
        desk.rows.get("job")


def test_a_clock_that_was_far_ahead_is_said_and_not_waited_for_in_silence(desk):
    desk.add()
    desk.look(at("2036-03-24T06:30"))
    assert "the clock was set back" in desk.scheduler.tick(at("2026-03-24T06:30")).failed["job"]


def test_a_name_must_fit_a_run(desk):
    with pytest.raises(ScheduleError, match="no name for a schedule"):
        desk.add(name="../x")


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=12), st.sampled_from(["skip", "once", "all"]))
def test_however_rarely_somebody_looks_no_tick_comes_twice_or_early(tmp_path_factory, gaps, missed):
    database = Database(tmp_path_factory.mktemp("desk") / "desk.db")
    desk, now = Desk(database), at("2026-03-26T00:00")
    desk.add("cron 0 */8 * * * Europe/Zurich", at=now, missed=missed)
    entered = []
    for minutes in gaps:
        now += timedelta(minutes=minutes)
        entered += desk.look(now)
        for tick in desk.rows.ticks("job"):
            assert tick.planned <= now
        desk.finish()
    database.close()
    assert entered == sorted(set(entered))
