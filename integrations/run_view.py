"""A run as scripts and reports see it: one JSON document, read back from the tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.book import Entry
from memory.journal import Approval
from memory.records import Kind
from orchestrator.brief import brief_of

if TYPE_CHECKING:
    from integrations.desk import Desk


def run_view(desk: "Desk", run_id: str) -> dict[str, Any]:
    """Everything a run did, in the form of the command line's contract."""
    row = desk.journal.run(run_id)
    findings = [record.data for record in desk.store.find(run_id=run_id, kinds=[Kind.FINDING], live=True)]
    report = desk.folder / "reports" / run_id / "report.html"
    charts = sorted((report.parent / "charts").glob("*.svg")) if report.exists() else []
    posts = desk.store.find(run_id=run_id, kinds=[Kind.MESSAGE])
    read = brief_of(desk.store, run_id)
    return {
        "run_id": run_id,
        "status": row.status,
        "reason": row.reason,
        "model": desk.model_name,
        "as_of": row.as_of.date().isoformat(),
        "theses": len(desk.book.theses()),
        "revisions": [_revision(before, after) for before, after in revisions(desk, run_id)],
        "fired": [_fired(item) for item in findings if item["kind"] == "falsifier" and item["data"]["state"] == "true"],
        "contradictions": [
            {
                "kind": item["data"]["kind"],
                "theses": item["data"]["theses"],
                "text": item["data"]["text"],
                "settle": item["data"]["settle"],
            }
            for item in findings
            if item["kind"] == "contradiction"
        ],
        "left_out": read.data["skipped"] if read else [],
        "pending": [pending(item) for item in desk.journal.approvals(status="pending")],
        "report": _relative(desk.folder, report) if report.exists() else None,
        "charts": [_relative(desk.folder, path) for path in charts],
        "posts": len(posts),
        "cost_usd": desk.journal.cost(run_id),
        "seconds": round((row.updated_at - row.created_at).total_seconds(), 2),
    }


def cost_of(receipts: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What a run's model calls cost, by agent and by thesis; calls that served all theses stand under no name."""
    return {f"by_{name}": _grouped(receipts, name) for name in ("agent", "thesis")}


def _grouped(receipts: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for receipt in receipts:
        groups.setdefault(receipt[name], []).append(receipt)
    counted = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    return [
        {
            name: key, "calls": len(items), **{field: sum(item["usage"].get(field, 0) for item in items) for field in counted},
            "cost_usd": sum(item["cost_usd"] or 0.0 for item in items), "unpriced": sum(item["cost_usd"] is None for item in items),
        }
        for key, items in sorted(groups.items())
    ]  # fmt: skip


def revisions(desk: "Desk", run_id: str) -> list[tuple[Entry | None, Entry]]:
    """Each revision of a run with the entry before it, by thesis and number."""
    found = []
    for head in desk.book.theses():
        history = desk.book.history(head.thesis.slug)
        for before, after in zip([None, *history], history, strict=False):
            if after.revision.run_id == run_id:
                found.append((before, after))
    return found


def _revision(before: Entry | None, after: Entry) -> dict[str, Any]:
    old = before.thesis if before else after.thesis
    new = after.thesis
    return {
        "thesis": new.slug,
        "revision": after.revision.n,
        "conviction": [old.conviction, new.conviction],
        "stance": [old.stance.value, new.stance.value],
        "status": new.status.value,
        "rationale": after.revision.rationale,
        "evidence": [item.model_dump() for item in after.revision.evidence],
        "approval": after.revision.approval.model_dump(mode="json") if after.revision.approval else None,
    }


def _fired(finding: dict[str, Any]) -> dict[str, Any]:
    data = finding["data"]
    return {
        "thesis": finding["thesis"],
        "falsifier": data["name"],
        "rule": data["rule"],
        "values": data["values"],
        "text": finding["text"],
    }


def pending(item: Approval) -> dict[str, Any]:
    """An approval that waits, with what it would change."""
    return {
        "id": item.id,
        "run_id": item.run_id,
        "thesis": item.proposal.thesis,
        "question": item.question,
        "patch": {name: value for name, value in item.proposal.patch.items() if name != "applied"},
        "rationale": item.proposal.rationale,
        "status": item.status,
        "against": item.proposal.against,
        "created_at": _text(item.created_at),
        "expires_at": _text(item.expires_at),
        "decided_by": item.decided_by,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _relative(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
