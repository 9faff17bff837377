"""The queue for many machines: Procrastinate on the desk's PostgreSQL. It carries "advance run X", the tables carry the rest.

Three guards are ours. A *reaper* gives the jobs of silent workers to others, and ends what they keep locked: by itself Procrastinate
recovers none. A worker that learns that its run was taken over *leaves at once*, without a word to the queue: it would mark the new
owner's job as its own. A *sweeper* gives a job to each run that asks for an advance and has none.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from memory.dispatch import NORMAL, Dispatch
from memory.errors import BusyError
from orchestrator.checkpoints import CONNECT
from orchestrator.queue import Advance, Stop, serve

if TYPE_CHECKING:
    import procrastinate
    import psycopg

log = logging.getLogger("stoa.queue")

TASK, QUEUE = "stoa.advance", "runs"
LANES = 100_000_000
"""Turns a priority has room for in the whole number that Procrastinate sorts by."""

FENCE_LOST = 75
"""The exit code of a worker whose run was taken over: whoever started it starts it again."""

SILENT_SECONDS = 30
"""A worker that sent no heartbeat for so long is taken for dead."""

SET_UP_LOCK = 0x570C

POOL: dict[str, Any] = {"timeout": 10, "kwargs": CONNECT}


def _leave() -> None:
    os._exit(FENCE_LOST)


def _at_once(connection: "psycopg.Connection") -> None:
    """Procrastinate asks one statement at a time: none leaves rows locked because its worker is frozen before it can commit."""
    connection.autocommit = True


async def _at_once_async(connection: "psycopg.AsyncConnection") -> None:
    await connection.set_autocommit(True)


class ProcrastinateQueue:
    """Fulfils ``RunQueue`` for any number of workers.

    ``poll_seconds`` is how often the reaper and the sweeper look, ``on_lost`` what a worker does whose run was taken over.
    """

    def __init__(
        self, url: str, dispatch: Dispatch, *, poll_seconds: float = 5, silent_seconds: float = SILENT_SECONDS,
        on_lost: Callable[[], None] = _leave,
    ) -> None:  # fmt: skip
        self._url = url
        self._dispatch = dispatch
        self._poll = poll_seconds
        self._silent = silent_seconds
        self._on_lost = on_lost

    @cached_property
    def _app(self) -> "procrastinate.App":
        """For those who only put: its connections are made when first needed."""
        import procrastinate

        app = procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(conninfo=self._url, min_size=0, max_size=2, configure=_at_once, **POOL)
        )
        app.open()
        with _in_words():
            self._set_up(app)
        return app

    def _set_up(self, app: "procrastinate.App") -> None:
        """Make Procrastinate's tables once; of several that come at once, one does."""
        import psycopg

        if app.check_connection():
            return
        with psycopg.connect(self._url, **CONNECT) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
            if not app.check_connection():
                connection.execute(app.schema_manager.get_schema())

    def put(self, run_id: str, priority: int = NORMAL) -> None:
        """Ask for an advance, and put a job into the queue."""
        priority, turn = self._dispatch.ask(run_id, priority)
        self._defer(run_id, priority, turn)

    def ring(self, run_id: str) -> None:
        """Put a job into the queue for a run that asks already."""
        self._defer(run_id, *self._dispatch.place(run_id))

    def _defer(self, run_id: str, priority: int, turn: int) -> None:
        from procrastinate.exceptions import AlreadyEnqueued

        with _in_words(), suppress(AlreadyEnqueued):
            self._job(self._app, run_id, priority, turn).defer(run_id=run_id)

    def _job(self, app: "procrastinate.App", run_id: str, priority: int, turn: int, *, seconds: int = 0) -> Any:
        # One waiting job a run, and one that is worked on.
        place = priority * LANES - min(turn, LANES - 1)
        wait = {"seconds": seconds} if seconds else None
        return app.configure_task(TASK, queue=QUEUE, lock=run_id, queueing_lock=run_id, priority=place, schedule_in=wait)

    def drop(self, run_id: str) -> None:
        """Take the run's waiting job away."""
        with _in_words():
            for job in self._app.job_manager.list_jobs(queue=QUEUE, lock=run_id, status="todo"):
                if job.id is not None:
                    self._app.job_manager.cancel_job_by_id(job.id, delete_job=True)

    def close(self) -> None:
        """Let go of the connections."""
        if "_app" in self.__dict__:
            self._app.close()

    def work(self, advance: Advance, stop: Stop) -> None:
        """Serve until ``stop`` says so; a database that is away is waited for."""
        asyncio.run(self._work(advance, stop))

    async def _work(self, advance: Advance, stop: Stop) -> None:
        import psycopg
        from procrastinate.exceptions import ConnectorException

        while not stop():
            try:
                await self._serve(advance, stop)
            except (ConnectorException, BusyError, psycopg.Error) as error:
                log.warning("the queue's database is away: %s", " ".join(str(error.__cause__ or error).split()))
                await asyncio.sleep(self._poll)

    async def _serve(self, advance: Advance, stop: Stop) -> None:
        import procrastinate

        connector = procrastinate.PsycopgConnector(conninfo=self._url, min_size=1, max_size=4, configure=_at_once_async, **POOL)
        app = procrastinate.App(connector=connector)
        app.task(name=TASK, queue=QUEUE)(lambda run_id, tried=0: self._take(advance, run_id, tried))
        await asyncio.to_thread(lambda: self._app)  # makes the tables
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE], install_signal_handlers=False, delete_jobs="always", fetch_job_polling_interval=self._poll,
                    update_heartbeat_interval=self._silent / 3, stalled_worker_timeout=self._silent,
                )
            )  # fmt: skip
            side = [asyncio.create_task(self._until(stop)), asyncio.create_task(self._keep_house(app))]
            try:
                await asyncio.wait([worker, *side], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (worker, *side):
                    task.cancel()
                ended = await asyncio.gather(worker, *side, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    raise error

    def _take(self, advance: Advance, run_id: str, tried: int) -> None:
        outcome = serve(self._dispatch, advance, run_id)
        if outcome == "lost":
            log.warning("run %s was taken over: this worker starts anew", run_id)
            self._on_lost()
        elif outcome == "later":
            self._again(run_id, tried)

    def _again(self, run_id: str, tried: int) -> None:
        """A job for later; the present one ends.

        Not Procrastinate's own retry: where another job of the run waits by now the two collide, and the run stays locked.
        """
        from procrastinate.exceptions import AlreadyEnqueued

        # With the database away no job can be put: the sweeper does it when it is back.
        with suppress(AlreadyEnqueued, BusyError), _in_words():
            job = self._job(self._app, run_id, *self._dispatch.place(run_id), seconds=min(2 + tried, 15))
            job.defer(run_id=run_id, tried=tried + 1)

    async def _until(self, stop: Stop) -> None:
        while not stop():  # noqa: ASYNC110 - what stops it lives in another thread or process
            await asyncio.sleep(min(0.2, self._poll))

    async def _keep_house(self, app: "procrastinate.App") -> None:
        """Reaper and sweeper."""
        idle_since: dict[int | None, float] = {}
        while True:
            await asyncio.to_thread(self._dispatch.end_silent, self._silent)
            for job in await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=self._silent):
                await self._reap(app, job)
            idle: list[Any] = []
            for run_id in await asyncio.to_thread(self._dispatch.due):
                jobs = list(await app.job_manager.list_jobs_async(queue=QUEUE, lock=run_id))
                if not jobs:
                    await self._give_job(app, run_id)
                idle += [job for job in jobs if job.status == "doing"]
            # A worker that lives, and could not write that it was done with a job, holds the run's lock for good.
            idle_since = {job.id: idle_since.get(job.id, time.monotonic()) for job in idle}
            for job in idle:
                if time.monotonic() - idle_since[job.id] > self._silent:
                    await self._reap(app, job)
            await asyncio.sleep(self._poll)

    async def _reap(self, app: "procrastinate.App", job: Any) -> None:
        import procrastinate

        try:
            await app.job_manager.retry_job(job)
        except procrastinate.exceptions.UniqueViolation:
            # A newer job of the run waits already: that one is enough.
            await app.job_manager.finish_job(job, procrastinate.jobs.Status.ABORTED, delete_job=True)
        except procrastinate.exceptions.ConnectorException as error:
            log.info("job %s was reaped by another: %s", job.id, error)

    async def _give_job(self, app: "procrastinate.App", run_id: str) -> None:
        from procrastinate.exceptions import AlreadyEnqueued

        place = await asyncio.to_thread(self._dispatch.place, run_id)
        with suppress(AlreadyEnqueued):
            await self._job(app, run_id, *place).defer_async(run_id=run_id)


class _in_words:  # noqa: N801 - used as a statement
    """Procrastinate's errors as ours."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

        if isinstance(error, ConnectorException) and not isinstance(error, AlreadyEnqueued):
            raise BusyError(f"the queue's database cannot be used ({error.__cause__ or error}): run stoa doctor") from error
