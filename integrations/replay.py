"""A run done again from its receipts, with no model, on a copy of the desk as it stood: does the same come out?"""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from agents.errors import ModelError, ModelUnreachableError
from agents.model import Answer, Prompt
from agents.turn import Say
from memory.book import Book
from memory.errors import InputError
from memory.intake import IntakeReport
from memory.journal import Journal
from memory.market import Refreshed
from memory.records import Kind
from memory.store import Store

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.database import Database

_ULID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")
SHOWN = 20


class Replayed(BaseModel):
    """What came of it: every post, finding, proposal and revision by rule, held against the run's own."""

    run_id: str
    identical: bool
    compared: int
    calls: int
    differences: list[str]


class ReceiptModel:
    """Fulfils ``Model`` from receipts alone."""

    def __init__(self, answer: Callable[[Prompt], Answer | None]) -> None:
        self._answer = answer
        self.used = 0

    def complete_all(self, prompts: Sequence[Prompt], say: Say | None = None) -> list[Answer | ModelError]:
        """The answers that the run had; a request it never made is where the replay leaves its path."""
        del say
        return [self._one(prompt) for prompt in prompts]

    def left(self, run_id: str) -> float:
        """A replay spends nothing."""
        del run_id
        return 1.0

    def _one(self, prompt: Prompt) -> Answer:
        found = self._answer(prompt)
        if found is None:
            raise ModelUnreachableError(f"no receipt answers this request of the {prompt.agent}: the replay differs from the run here")
        self.used += 1
        return found


class _Nothing:
    """The library, and the reporter, of a replay: what the run took in is in the tables already, and nothing is drawn."""

    def refresh(self, progress: Callable[[str], None]) -> tuple[IntakeReport, Refreshed]:
        del progress
        raise InputError("the run was cut off before it had read what is new: resume it instead")

    def publish(self, run_id: str, as_of: Any) -> dict[str, Any]:
        del run_id, as_of
        return {}


def replay(desk: "Desk", run_id: str) -> Replayed:
    """Do a run again and compare.

    Raises:
        NotFoundError: there is no such run.
        InputError: it never wrote its brief, so there is nothing to begin from.
    """
    row = desk.journal.run(run_id)
    brief = [r for r in desk.store.find(run_id=run_id, kinds=[Kind.NOTE]) if r.idempotency_key == f"{run_id}:brief"]
    if not brief:
        raise InputError(f"run {run_id} has no brief to begin from: resume it instead")
    with tempfile.TemporaryDirectory(prefix="stoa-replay-") as name:
        from memory.rewind import copied, rewind
        from orchestrator import runs

        folder = Path(name)
        database = copied(desk.database, folder / "desk.db")
        try:
            rewind(database, brief[0].recorded_at, run_id, brief[0].data["new_records"])
            model, context = replay_context(desk, database, run_id)
            problem = ""
            try:
                runs.advance(context, folder / "checkpoints.db", row.run_id)
            except ModelError as error:
                problem = str(error)
            before, after = _made(desk.database, desk.store, run_id), _made(database, context.store, run_id)
        finally:
            database.close()
    differences = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    shown = ([problem] if problem else []) + differences[:SHOWN]
    return Replayed(run_id=run_id, identical=not shown, compared=len(before), calls=model.used, differences=shown)


def replay_context(desk: "Desk", database: "Database", run_id: str) -> tuple[ReceiptModel, Any]:
    """A copy of the desk in which a run can be done again from its receipts, heard by nobody; with the model that reads them."""
    from dataclasses import replace

    from agents.model_turn import ModelTurn
    from agents.outside import KeptTools
    from agents.playbook import PlaybookTurn
    from agents.tool_use import ToolAccess
    from integrations.terminal import SilentChannel
    from memory.dispatch import Dispatch
    from memory.forecasts import Forecasts
    from memory.recall import Recall
    from orchestrator.queue import LocalQueue
    from orchestrator.tool_gate import KeptGate

    dispatch = Dispatch(database)
    store, journal = Store(database, desk.clock), Journal(database, desk.clock)
    model = ReceiptModel(desk.receipt)
    access = ToolAccess(KeptGate(desk.permission_requests, run_id), KeptTools(desk.store, run_id))
    agent = ModelTurn(model, PlaybookTurn(), desk.roles, desk.check(store), access=access) if desk.settings.model.name else PlaybookTurn()
    nothing = _Nothing()
    context = replace(
        desk.context(SilentChannel()), database=database, store=store, book=Book(database, desk.clock), journal=journal,
        channel=SilentChannel(), recall=Recall(database, store, desk.index, desk.vectors.weights.of),
        forecasts=Forecasts(database, desk.clock), agent=agent,
        library=nothing, reporter=nothing, index=lambda: 0, dispatch=dispatch, queue=LocalQueue(dispatch),
    )  # fmt: skip
    return model, context


def _made(database: "Database", store: Store, run_id: str) -> dict[str, Any]:
    """What a run wrote, by key, with ids that differ between two runs replaced by the keys they stand for."""
    records = store.find(run_id=run_id, kinds=[Kind.MESSAGE, Kind.FINDING, Kind.DECISION, Kind.FIGURE], live=False)
    names = {str(record.id): record.idempotency_key for record in records}

    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return _ULID.sub(lambda match: names.get(match[0], match[0]), value)
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in {"against", "idempotency_key"}}
        return [plain(item) for item in value] if isinstance(value, list) else value

    made = {record.idempotency_key: plain([record.body, record.data]) for record in records if record.trust.value != "person"}
    book = Book(database, store.clock)
    for head in book.theses():
        for entry in book.history(head.thesis.slug):
            revision = entry.revision
            if revision.run_id == run_id and (revision.approval is None or revision.approval.mode == "rule"):
                body = revision.model_dump(mode="json", include={"patch", "rationale", "evidence"})
                made[f"revision {revision.thesis} {revision.idempotency_key.split(':')[0]} {len(made)}"] = plain(body)
    return made
