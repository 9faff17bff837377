"""Approvals: the changes that wait for a person, and those that were decided."""

from typing import Any, NamedTuple

from starlette.responses import Response

from integrations.board.visit import Visit, go, render
from integrations.desk import Desk
from memory.glance import decided
from memory.journal import Approval
from orchestrator.context import Context


class Asked(NamedTuple):
    """A question with what it would change: field, as it is, as it would be."""

    item: Approval
    changes: list[tuple[str, str, str]]


def page(visit: Visit) -> Response:
    """What waits, oldest first; below it what was decided last."""
    desk = visit.board.desk
    waiting = [asked(visit, item) for item in desk.journal.approvals(status="pending")]
    return render(visit, "approvals.html.j2", waiting=waiting, decided=decided(desk.database), working=visit.board.now.working)


def asked(visit: Visit, item: Approval) -> Asked:
    """A question held against the thesis as it stands."""
    head = visit.board.glance.history(item.proposal.thesis, limit=1)
    now: dict[str, Any] = head[0].thesis.model_dump(mode="json") if head else {}
    patch = {name: value for name, value in item.proposal.patch.items() if name != "applied"}
    return Asked(item, [(name, _short(now.get(name)), _short(value)) for name, value in patch.items()])


def decide(visit: Visit) -> Response:
    """A person's answer, once; the run that asked goes on."""
    person = visit.decider()
    approve = visit.form.get("answer") == "approve"
    reason = visit.form.get("reason", "").strip()[:1_000]
    name = visit.params["approval_id"]

    def work(desk: Desk, context: Context) -> Approval:
        from orchestrator import runs

        return runs.decide(context, desk.checkpoints, name, approve=approve, by=person.name, reason=reason)

    run_id = visit.board.desk.journal.approval(name).run_id
    done: Approval = visit.board.pen.act(run_id, work)
    return go(f"/theses/{done.proposal.thesis}" if approve else "/approvals")


def _short(value: object) -> str:
    text = f"{value:.2f}" if isinstance(value, float) else "" if value is None else str(value)
    return text if len(text) <= 400 else text[:399] + "…"
