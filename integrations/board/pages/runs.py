"""Runs: progress, cost, receipts, what each changed; start one, go on with one, stop one."""

import re
from datetime import datetime
from pathlib import Path

from starlette.responses import Response
from ulid import ULID

from integrations.board.visit import Visit, go, render
from integrations.desk import Desk
from integrations.run_view import cost_of
from memory.errors import InputError, NotFoundError
from memory.glance import costs, recent_runs, run_revisions, thread
from memory.journal import RunRow
from memory.records import Kind
from orchestrator.brief import brief_of
from orchestrator.context import Context

RUNS = 60
RECEIPTS = 60
FINDINGS = 300
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def page(visit: Visit) -> Response:
    """Every run, newest first."""
    rows = recent_runs(visit.board.desk.database, RUNS)
    spent = costs(visit.board.desk.database, [row.run_id for row in rows])
    return render(visit, "runs.html.j2", runs=rows, spent=spent, working=visit.board.now.working, took=took)


def one(visit: Visit) -> Response:
    """A run: what it changed, what it found, what it cost."""
    desk, name = visit.board.desk, visit.params["run_id"]
    row = desk.journal.run(name)
    receipts = desk.journal.receipts(name)
    proposed, _ = thread(desk.database, name, Kind.DECISION, limit=FINDINGS)
    slugs = sorted({record.thesis_slugs[0] for _, record in proposed if record.thesis_slugs})
    made = [visit.board.glance.revision(*key) for key in run_revisions(desk.database, slugs, name)]
    findings, _ = thread(desk.database, name, Kind.FINDING, limit=FINDINGS)
    found = [record.data for _, record in findings]
    read = brief_of(desk.store, name)
    left_out = read.data["skipped"] if read else []
    fired = [item for item in found if item["kind"] == "falsifier" and item["data"].get("state") == "true"]
    return render(
        visit, "run.html.j2", run=row, cost=cost_of(receipts), total=desk.journal.cost(name), receipts=receipts[-RECEIPTS:],
        calls=len(receipts), revisions=[entry for entry in made if entry], fired=fired,
        contradictions=[item for item in found if item["kind"] == "contradiction"], charts=_charts(desk.folder, name),
        left_out=left_out, asked=desk.journal.approvals(run_id=name), working=visit.board.now.working, took=took,
    )  # fmt: skip


def chart(visit: Visit) -> Response:
    """A chart of a run's report, as a picture: it may carry styles of its own and nothing else."""
    name, file = visit.params["run_id"], visit.params["name"]
    if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(file) or not file.endswith(".svg"):
        raise NotFoundError(visit.say("no_such_page"))
    path = visit.board.desk.folder / "reports" / name / "charts" / file
    if not path.is_file():
        raise NotFoundError(visit.say("no_such_page"))
    return Response(path.read_bytes(), media_type="image/svg+xml", headers={"Content-Security-Policy": "default-src 'none'; sandbox"})


def start(visit: Visit) -> Response:
    """Begin a research run in the background."""
    visit.decider()
    name = f"run-{str(ULID.from_datetime(visit.board.desk.clock())).lower()}"

    def work(desk: Desk, context: Context) -> None:
        from orchestrator import runs

        runs.start(context, desk.checkpoints, name, desk.as_of(), [])

    visit.board.pen.begin(name, work)
    return go("/runs")


def resume(visit: Visit) -> Response:
    """Go on with a run from its last finished step."""
    visit.decider()
    row = visit.board.desk.journal.run(visit.params["run_id"])
    if row.kind != "research":
        raise InputError(visit.say("not_resumable"))

    def work(desk: Desk, context: Context) -> None:
        from orchestrator import runs

        runs.advance(context, desk.checkpoints, row.run_id)

    visit.board.pen.begin(row.run_id, work)
    return go(f"/runs/{row.run_id}")


def cancel(visit: Visit) -> Response:
    """Stop a run for good."""
    visit.decider()
    name = visit.params["run_id"]

    def work(desk: Desk, context: Context) -> None:
        del desk
        from orchestrator import runs

        runs.cancel(context, name)

    # Not in turn: a run that is under way is stopped by this, and must not be waited for.
    visit.board.pen.act(f"cancel {name}", work)
    return go(f"/runs/{name}")


def took(row: RunRow, now: datetime | None = None) -> str:
    """How long a run worked, as people say it."""
    seconds = ((now or row.updated_at) - row.created_at).total_seconds()
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _charts(folder: Path, run_id: str) -> list[str]:
    return sorted(path.name for path in (folder / "reports" / run_id / "charts").glob("*.svg")) if _PLAIN.fullmatch(run_id) else []
