"""The book at a glance, for the Home tab and for ``/stoa book``."""

from typing import TYPE_CHECKING, Any

from integrations.slack import blocks
from integrations.slack.mrkdwn import escape
from integrations.slack.permissions import deciders
from integrations.slack.rights import approvers
from memory.sentences import counted

if TYPE_CHECKING:
    from integrations.desk import Desk
    from memory.slack_outbox import OutboxRow, SlackOutbox

THESES = 40
LINES = 8
"""Theses a section: well below the limit of 3,000 characters."""


def book(desk: "Desk", outbox: "SlackOutbox", person: str) -> list[dict[str, Any]]:
    """What waits for this person, the theses, the last run and the score."""
    return [*_waits(desk, outbox, person), *_theses(desk), *_last_run(desk), *_score(desk)]


def tab(desk: "Desk", outbox: "SlackOutbox", person: str) -> dict[str, Any]:
    """The Home tab."""
    return {"type": "home", "blocks": [blocks.header(f"The book of {desk.settings.desk.name}"), *book(desk, outbox, person)]}


def _waits(desk: "Desk", outbox: "SlackOutbox", person: str) -> list[dict[str, Any]]:
    from orchestrator.tool_gate import question

    lines = []
    for item in desk.journal.approvals(status="pending"):
        if person not in approvers(desk.settings.slack, item.proposal.thesis):
            continue
        asked = outbox.get(f"approval:{item.id}")
        lines.append(f"✋ `{item.proposal.thesis}`: {escape(item.question)}{_link(asked)}")
    if person in deciders(desk.settings.slack):
        for call in desk.permission_requests.requests("pending"):
            lines.append(f"✋ {escape(question(call))}{_link(outbox.get(f'permission:{call.id}'))}")
    text = "\n".join(lines[:LINES]) if lines else "Nothing waits for you."
    more = f"\n… and {len(lines) - LINES} more" if len(lines) > LINES else ""
    return [blocks.section(f"*Waits for you*\n{text}{more}"), {"type": "divider"}]


def _link(asked: "OutboxRow | None") -> str:
    return f" · <https://slack.com/archives/{asked.channel}/p{asked.ts.replace('.', '')}|open>" if asked and asked.ts else ""


def _theses(desk: "Desk") -> list[dict[str, Any]]:
    entries = sorted(desk.book.theses(), key=lambda entry: (entry.thesis.status != "challenged", entry.thesis.slug))
    lines = []
    for entry in entries[:THESES]:
        thesis = entry.thesis
        mark = {"challenged": "⚠", "closed": "▪", "draft": "✎"}.get(thesis.status.value, "•")
        lines.append(f"{mark} *{thesis.conviction:.2f}* {escape(thesis.title)} · {thesis.stance.value} · r{entry.revision.n}")
    if len(entries) > THESES:
        lines.append(f"… and {len(entries) - THESES} more: `stoa thesis list`")
    if not lines:
        return [blocks.section("*The book*\nIt holds no thesis yet.")]
    found = [blocks.section("\n".join(lines[start : start + LINES])) for start in range(0, len(lines), LINES)]
    return [blocks.section(f"*The book* · {counted(len(entries), 'thesis', 'theses')}, conviction first"), *found]


def _last_run(desk: "Desk") -> list[dict[str, Any]]:
    runs = desk.journal.runs(kind="research")
    if not runs:
        return [blocks.context("No research run yet: `/stoa run` begins one.")]
    last = runs[0]
    line = f"Last run `{last.run_id}`: {last.status}, as of {last.as_of:%d %B %Y}"
    return [blocks.context(line + (f" · {escape(last.reason)}" if last.reason else ""))]


def _score(desk: "Desk") -> list[dict[str, Any]]:
    from agents.tool import call
    from integrations.track_record import scored

    score = call(
        "quant.score", {"forecasts": [item.model_dump() for item in scored(desk.forecasts.all())], "seed": desk.settings.desk.seed}
    ).model_dump(mode="json")
    brier = "none yet" if score["brier"] is None else f"{score['brier']:.3f}"
    return [blocks.context(f"Forecasts: {score['n']} resolved, {score['open']} open, Brier {brier}. {escape(score['note'])}")]
