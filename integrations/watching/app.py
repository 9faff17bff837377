"""``/healthz`` and ``/metrics`` of a serving desk: numbers only, no text of the desk, no names but those of statuses and schedules."""

from collections import Counter
from typing import TYPE_CHECKING

from memory.errors import StoaError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.responses import Response

    from integrations.desk import Desk

STATUSES = ("queued", "running", "waiting", "paused", "done", "failed", "cancelled")
CONTENT = "text/plain; version=0.0.4; charset=utf-8"

Samples = list[tuple[dict[str, str], float]]


def watching_app(desk: "Desk") -> "Starlette":
    """A small app to serve on loopback. Its endpoints are plain functions, which Starlette runs in threads."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    routes = [Route("/healthz", lambda _request: health(desk)), Route("/metrics", lambda _request: samples(desk))]
    return Starlette(routes=routes)


def health(desk: "Desk", *, told: bool = True) -> "Response":
    """Whether the database can be used, and when ``told`` why not: a reason may name the place of a file."""
    from starlette.responses import JSONResponse

    try:
        desk.journal.runs(("running",))
    except StoaError as error:
        return JSONResponse({"status": "failed", **({"reason": str(error)} if told else {})}, status_code=503)
    return JSONResponse({"status": "ok"})


def samples(desk: "Desk") -> "Response":
    """``metrics`` as an answer."""
    from starlette.responses import PlainTextResponse

    try:
        return PlainTextResponse(metrics(desk), headers={"content-type": CONTENT})
    except StoaError as error:
        return PlainTextResponse(f"# {error}\n", status_code=503)


def metrics(desk: "Desk") -> str:
    """The state of the desk in Prometheus' text format, read from the tables, so that every process says the same."""
    from memory.schedules import Schedules

    runs = desk.journal.runs()
    counted = Counter(str(row.status) for row in runs)
    found: list[tuple[str, str, Samples]] = [
        ("stoa_runs", "Runs by status.", [({"status": name}, counted[name]) for name in STATUSES]),
        ("stoa_runs_due", "Runs that ask to be advanced.", [({}, sum(row.due for row in runs))]),
        ("stoa_approvals_pending", "Changes that wait for a person.", [({}, len(desk.journal.approvals(status="pending")))]),
        ("stoa_permissions_pending", "Tool calls that wait for a person.", [({}, len(desk.permission_requests.requests("pending")))]),
        ("stoa_cost_usd", "Spent on models, of all time.", [({}, desk.journal.cost())]),
        ("stoa_index_lag", "Records that wait for the vector index.", [({}, desk.store.index_lag())]),
        (
            "stoa_schedule_failing", "1 where a schedule cannot be looked at.",
            [({"schedule": row.name}, bool(row.error)) for row in Schedules(desk.database).rows()],
        ),
    ]  # fmt: skip
    return "".join(_family(*family) for family in found)


def _family(name: str, what: str, samples: Samples) -> str:
    lines = [f"# HELP {name} {what}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{inside}}} {float(value):g}" if inside else f"{name} {float(value):g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
