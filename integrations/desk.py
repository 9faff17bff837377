"""The composition root: it alone knows every adapter, and wires them from the settings."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from integrations.settings import FILE, Settings, load_settings
from memory.book import Book
from memory.clock import Clock, end_of_day, system_clock
from memory.database import Database
from memory.dispatch import Dispatch
from memory.errors import BusyError, NotFoundError
from memory.forecasts import Forecasts
from memory.journal import Journal
from memory.move import moved_to
from memory.permission_requests import PermissionRequests
from memory.store import Store

if TYPE_CHECKING:
    from agents.hooks import Hooks
    from agents.model import Answer, Prompt
    from agents.picture import Painter
    from agents.role import Role
    from agents.turn import Agent
    from agents.workbench import Workbench
    from integrations.indexing import Reindexing
    from integrations.library import FolderLibrary
    from integrations.mcp.client import OutsideServers
    from integrations.models.client import ModelClient
    from integrations.models.pace import Pace
    from integrations.sandbox.local import LocalSandbox
    from integrations.sandbox.snapshot import DeskSnapshots
    from integrations.sandbox.warm import WarmWorkers
    from integrations.vector_channel import VectorChannel
    from memory.embedding import Embedder
    from memory.index_server import ServerIndex
    from memory.market import Market
    from memory.recall import Recall
    from memory.reindex import SwappableIndex
    from memory.thesis import Evidence
    from orchestrator.channel import Channel
    from orchestrator.context import Context
    from orchestrator.queue import RunQueue
    from orchestrator.schedule import Scheduler
    from orchestrator.tool_gate import ToolGate
    from orchestrator.tool_permissions import Rule


def _warn(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the command line speaks here


class Desk:
    """One desk, opened from its folder. Parts are made when they are first needed."""

    def __init__(self, folder: Path, warn: Callable[[str], None] = _warn, workers: "WarmWorkers | None" = None) -> None:
        """Open the desk.

        Args:
            folder: where its stoa.toml is.
            warn: told what people should know.
            workers: waiting ones of a desk that lives longer, which closes them.
        """
        self.folder = folder.resolve()
        if not (self.folder / FILE).exists():
            raise NotFoundError(f"{folder} is no desk: make one with stoa init {folder}, or name one with --desk")
        self.settings: Settings = load_settings(self.folder)
        self._warn = warn
        self.workers, self._lent = workers, workers is not None

    @property
    def state(self) -> Path:
        """Where the desk keeps what it writes."""
        return self.folder / ".stoa"

    @property
    def checkpoints(self) -> Path | str:
        """The graphs' own database."""
        return self.settings.database.url or self.state / "checkpoints.db"

    @cached_property
    def dispatch(self) -> Dispatch:
        """Which run is due, and who advances it."""
        return Dispatch(self.database)

    @cached_property
    def queue(self) -> "RunQueue":
        """The runs that ask to be advanced: by workers on many machines where there is a PostgreSQL, else in this process."""
        url = self.settings.database.url
        if url:
            from orchestrator.procrastinate_queue import ProcrastinateQueue

            return ProcrastinateQueue(url, self.dispatch, silent_seconds=self.settings.runs.lease.total_seconds())
        from orchestrator.queue import LocalQueue

        return LocalQueue(self.dispatch)

    @cached_property
    def clock(self) -> Clock:
        """The real time, or the time of day on the desk's own date."""
        today = self.settings.desk.today
        if today is None:
            return system_clock
        return lambda: datetime.combine(today, system_clock().time(), tzinfo=UTC)

    def as_of(self, day: date | None = None) -> datetime:
        """The end of a day; without one, of the desk's today: what is taken in during a run counts in that run."""
        return end_of_day(day or self.settings.desk.today or system_clock().date())

    @cached_property
    def database(self) -> Database:
        """The SQL store."""
        opened = Database(self.settings.database.url or self.state / "desk.db")
        if moved := moved_to(opened):
            opened.close()
            raise BusyError(f"this desk was moved to {moved}: set database.url in stoa.toml, or STOA_DATABASE__URL, to it")
        return opened

    @cached_property
    def store(self) -> Store:
        """Records."""
        return Store(self.database, self.clock)

    @cached_property
    def book(self) -> Book:
        """Theses."""
        return Book(self.database, self.clock)

    @cached_property
    def journal(self) -> Journal:
        """Runs, approvals, effects, receipts."""
        return Journal(self.database, self.clock)

    @cached_property
    def forecasts(self) -> Forecasts:
        """Forecasts."""
        return Forecasts(self.database, self.clock)

    @cached_property
    def market(self) -> "Market":
        """Series."""
        from memory.market import Market

        return Market(self.folder / "data", self.state / "observations")

    @cached_property
    def vectors(self) -> "VectorChannel":
        """The index of vectors, and what makes them."""
        from integrations.vector_channel import VectorChannel

        def frequency(words: Sequence[str]) -> dict[str, int]:
            return self.recall.document_frequency(words)

        return VectorChannel(self.folder, self.settings, self.store, frequency, self._warn)

    @property
    def embedder(self) -> "Embedder":
        """What makes the vectors, by setting."""
        return self.vectors.embedder

    @cached_property
    def recall(self) -> "Recall":
        """Search."""
        from memory.recall import Recall

        return Recall(self.database, self.store, self.index, self.vectors.weights.of)

    def index(self) -> "SwappableIndex | ServerIndex | None":
        """The vector index; None, said aloud, where there is none to be had."""
        return self.vectors.opened()

    def reindex(self) -> "Reindexing | None":
        """Begin to build the index of a newly set model while the old one serves; None when there is nothing to do."""
        return self.vectors.reindex()

    def rebuild_index(self) -> int:
        """Build the vector index anew from SQL; returns how many records it holds."""
        return self.vectors.rebuild()

    def drain_index(self) -> int:
        """Bring the vector index up to date; returns how many lines of the outbox were done."""
        return self.vectors.drain()

    @cached_property
    def sandbox(self) -> "LocalSandbox":
        """Where the agents' own code runs."""
        from integrations.sandbox.local import LocalSandbox, tiers

        return LocalSandbox(self.state / "artifacts", tiers(self.settings.sandbox), self.workers)

    def warm_up(self) -> None:
        """Keep a worker waiting for the agents' code, where a model may write some. For a process that lives long, before its work."""
        from agents.tool import tools

        running = {name for name, item in tools().items() if item.effect == "run"}
        if self.workers is not None or not self.settings.model.name or not any(running.intersection(r.tools) for r in self.roles.values()):
            return
        from agents.sandbox import Limits
        from integrations.sandbox.local import tiers
        from integrations.sandbox.warm import WarmWorkers

        self.workers = WarmWorkers(tiers(self.settings.sandbox), Limits())

    @cached_property
    def snapshots(self) -> "DeskSnapshots":
        """The desk's data for that code."""
        from integrations.sandbox.snapshot import DeskSnapshots

        return DeskSnapshots(self.state / "snapshots", self.state / "observations", self.market, self.book)

    @cached_property
    def library(self) -> "FolderLibrary":
        """The folder's documents, theses and data."""
        from integrations.library import FolderLibrary

        return FolderLibrary(self.folder, self.store, self.book, self.market, self.forecasts, self.clock)

    @cached_property
    def roles(self) -> "Mapping[str, Role]":
        """The roles, with the desk's own."""
        from agents.role import roles

        return roles(self.folder / "roles")

    @cached_property
    def agent(self) -> "Agent":
        """Who takes the turns: a model when one is set, else the playbooks."""
        from agents.playbook import PlaybookTurn

        if not self.settings.model.name:
            return PlaybookTurn()
        from agents.model_turn import ModelTurn
        from agents.tool_use import ToolAccess

        access = ToolAccess(self.permit, self.outside if self.settings.mcp.servers else None, self.hooks)
        return ModelTurn(self.model, PlaybookTurn(), self.roles, self.check(self.store), access)

    @cached_property
    def permission_requests(self) -> PermissionRequests:
        """What agents asked to be allowed, and what was decided."""
        return PermissionRequests(self.database)

    @cached_property
    def hooks(self) -> "Hooks":
        """What installed packages want to see of each tool call."""
        from integrations.hooks import installed_hooks

        return installed_hooks(self.folder)

    @cached_property
    def permit(self) -> "ToolGate":
        """The check that every tool call of an agent passes."""
        from orchestrator.tool_gate import ToolGate

        def rules() -> "Sequence[Rule]":
            return load_settings(self.folder).permissions.parsed()

        return ToolGate(rules, self.permission_requests, self.journal, self.clock, self.hooks)

    @staticmethod
    def check(store: Store) -> "Callable[[str, Sequence[Evidence]], Sequence[str]]":
        """What is wrong with a text that rests on records of a store."""
        from orchestrator.grounding import ground

        def problems(text: str, evidence: "Sequence[Evidence]") -> "Sequence[str]":
            return ground(text, evidence, store.many([item.record for item in evidence])).problems

        return problems

    def receipt(self, prompt: "Prompt") -> "Answer | None":
        """The answer that a request had when it was made; None when it never was."""
        return self.model.known(prompt)

    @cached_property
    def model(self) -> "ModelClient":
        """The model's client, for the endpoint of the settings."""
        from integrations.models.client import Endpoint, ModelClient

        secret = self.settings.anthropic_api_key
        key = secret.get_secret_value() if secret else ""
        endpoint = Endpoint(self.settings.model, key, self.state / "capabilities")
        return ModelClient(endpoint, self.journal, self.clock, pace=self._pace())

    def _pace(self) -> "Pace":
        from integrations.models.pace import Pace
        from memory.limits import RateLimit

        model = self.settings.model
        limits = RateLimit(self.database, model.calls_per_minute, model.tokens_per_minute)
        return Pace(limits, model.base_url or "anthropic", model.max_tokens, self.journal)

    @property
    def model_name(self) -> str:
        """What answers, as people are told."""
        return self.settings.model.name or "no model"

    @cached_property
    def outside(self) -> "OutsideServers":
        """The outside MCP servers that the settings name."""
        from integrations.mcp.client import OutsideServers
        from memory.access import Pins

        return OutsideServers(self.settings.mcp.servers, Pins(self.database, self.clock), self.state / "logs", self._warn)

    def workbench(self, as_of: datetime | None = None, run_id: str = "cli") -> "Workbench":
        """The desk as an agent or a tool call sees it."""
        from agents.workbench import Workbench

        return Workbench(
            self.store, self.book, self.recall, self.market, self.forecasts, as_of or self.as_of(), run_id,
            self.settings.desk.seed, self.painter, self.sandbox, self.snapshots,
        )  # fmt: skip

    @cached_property
    def painter(self) -> "Painter":
        """Who draws charts."""
        from integrations.report.painter import FilePainter

        return FilePainter(self.state / "artifacts" / "charts")

    def context(self, channel: "Channel") -> "Context":
        """The desk as the graphs see it."""
        from integrations.report import HtmlReporter
        from orchestrator.context import Context

        if self.settings.watching.telemetry == "otlp":
            from integrations.watching.telemetry import start_telemetry

            start_telemetry(self.settings.watching.endpoint)
        if self.settings.slack.channels:
            from integrations.slack.channel import with_slack

            channel = with_slack(self, channel)
        return Context(
            database=self.database, store=self.store, book=self.book, recall=self.recall, market=self.market,
            forecasts=self.forecasts, journal=self.journal, agent=self.agent, channel=channel, library=self.library,
            reporter=HtmlReporter(self), clock=self.clock, gate=self.settings.gate, index=self.drain_index,
            queue=self.queue, dispatch=self.dispatch, runs=self.settings.runs,
            seed=self.settings.desk.seed, rounds=self.settings.desk.rounds,
            painter=self.painter, sandbox=self.sandbox, snapshots=self.snapshots,
        )  # fmt: skip

    @cached_property
    def scheduler(self) -> "Scheduler":
        """The schedules, in step with stoa.toml."""
        from integrations.outlook import DeskOutlook
        from integrations.slack.channel import served_channel
        from integrations.terminal import SilentChannel
        from memory.dispatch import NIGHTLY
        from memory.schedules import Schedule, Schedules, Tick
        from orchestrator import runs
        from orchestrator.schedule import Scheduler

        def enter(tick: Tick, schedule: Schedule) -> None:
            context = self.context(SilentChannel())
            runs.enter(context, tick.run_id, self.as_of(tick.as_of.date()), schedule.theses, NIGHTLY, tick.schedule)
            if slack := served_channel(self):
                slack.open_run(tick.run_id)

        scheduler = Scheduler(Schedules(self.database), DeskOutlook(self), enter, self.settings.desk.seed)
        scheduler.follow(self.settings.schedules, self.clock())
        return scheduler

    def close(self) -> None:
        """Let go of every file, lock and worker."""
        if self.workers is not None and not self._lent:
            self.workers.close()
            self.workers = None
        if "vectors" in self.__dict__:
            self.vectors.close()
        if "model" in self.__dict__:
            self.model.close()
        if "queue" in self.__dict__:
            self.queue.close()
        if "outside" in self.__dict__:
            self.outside.close()
        if "market" in self.__dict__:
            self.market.close()
        if "database" in self.__dict__:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
