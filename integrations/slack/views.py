"""What Slack should show of the desk's records: approvals and tool calls that wait or were decided, runs and where they stand.

``refresh`` compares the tables with the outbox and enters what is missing. It may run at any time and any number of
times, in any process: every entry has a key, so a decision made on the command line changes the message in Slack too.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.run_view import run_view
from integrations.slack import approvals, blocks, permissions
from integrations.slack.mrkdwn import escape
from integrations.slack.personas import persona
from integrations.slack.rights import approvers
from memory.errors import NotFoundError
from memory.sentences import counted
from memory.slack_outbox import Outgoing, SlackOutbox, Thread

if TYPE_CHECKING:
    from integrations.desk import Desk
    from integrations.slack.channel import SlackChannel

CHARTS = 4


def refresh(desk: "Desk", outbox: SlackOutbox, channel: "SlackChannel") -> None:
    """Enter the messages and changes of messages that are missing."""
    known = outbox.keys("approval:")
    pending = {item.id for item in desk.journal.approvals(status="pending")}
    for name in sorted(pending):
        if f"approval:{name}" not in known:
            _ask(desk, outbox, channel, name)
    shown = {key.split(":")[1] for key in known}
    closed = {key.split(":")[1] for key in known if key.count(":") > 1}
    for name in sorted(shown - closed - pending):
        _close(desk, outbox, name)
    _tools(desk, outbox, channel)
    for thread in outbox.parents():
        _run(desk, outbox, thread)
    channel.sent()


def _tools(desk: "Desk", outbox: SlackOutbox, channel: "SlackChannel") -> None:
    """Tool calls that wait, each in the thread of its run, and what became of those that no longer do."""
    known = outbox.keys("permission:")
    pending = {item.id: item for item in desk.permission_requests.requests("pending")}
    for name, item in pending.items():
        if f"permission:{name}" in known:
            continue
        thread = outbox.thread(item.run_id.removesuffix(":talk")) or channel.open_run(item.run_id)
        if thread is not None:
            payload = permissions.asked(item, permissions.deciders(desk.settings.slack)) | persona(item.role, desk.roles)
            outbox.enter([Outgoing(key=f"permission:{name}", channel=thread.channel, thread=thread.place, role=item.role, payload=payload)])
    for key in sorted(known):
        name = key.removeprefix("permission:")
        closing = f"{key}:decided"
        if ":" not in name and name not in pending and closing not in known and (asked := outbox.get(key)) is not None:
            payload = permissions.decided(desk.permission_requests.get(name))
            outbox.enter([Outgoing(key=closing, kind="update", channel=asked.channel, target=key, payload=payload)])


def _ask(desk: "Desk", outbox: SlackOutbox, channel: "SlackChannel", approval: str) -> None:
    item = desk.journal.approval(approval)
    thread = outbox.thread(item.run_id.removesuffix(":talk")) or channel.open_run(item.run_id)
    if thread is None:
        return
    slug = item.proposal.thesis
    payload = approvals.asked(item, desk.book.get(slug), approvers(desk.settings.slack, slug))
    voice = persona("architect", desk.roles)
    entry = Outgoing(key=f"approval:{item.id}", channel=thread.channel, thread=thread.place, role="architect", payload=payload | voice)
    outbox.enter([entry])


def _close(desk: "Desk", outbox: SlackOutbox, approval: str) -> None:
    item = desk.journal.approval(approval)
    running = desk.journal.run(item.run_id).status in {"running", "waiting"}
    if item.status == "approved" and running and not _landed(desk, item.proposal.thesis, item.id):
        return  # the decision is there, its revision follows
    asked = outbox.get(f"approval:{item.id}")
    assert asked is not None
    payload = approvals.decided(item, desk.book.get(item.proposal.thesis))
    key = f"approval:{item.id}:{item.status}"
    outbox.enter([Outgoing(key=key, kind="update", channel=asked.channel, target=asked.key, payload=payload)])


def _landed(desk: "Desk", slug: str, approval: str) -> bool:
    return any(entry.revision.approval and entry.revision.approval.approval_id == approval for entry in desk.book.history(slug))


def _run(desk: "Desk", outbox: SlackOutbox, thread: Thread) -> None:
    try:
        row = desk.journal.run(thread.thread_id)
    except NotFoundError:
        return
    key = f"{thread.parent_key}:{row.status}"
    if row.kind != "research" or row.status in {"queued", "running"} or outbox.get(key) is not None:
        return
    view = run_view(desk, row.run_id)
    entries = [Outgoing(key=key, kind="update", channel=thread.channel, target=thread.parent_key, payload=_summary(view))]
    for path in charts(desk, row.run_id, desk.folder / "reports" / row.run_id):
        # The name carries the run, by which an upload is found again after a crash.
        payload = {"path": str(path), "name": f"{row.run_id}-{path.name}", "title": path.stem.replace("-", " ")}
        name = f"{row.run_id}:chart:{path.stem}"
        entries.append(Outgoing(key=name, kind="file", channel=thread.channel, thread=thread.place, role="frontend", payload=payload))
    outbox.enter(entries)


def _summary(view: dict[str, Any]) -> dict[str, Any]:
    """The parent message of a run: what changed first."""
    head = f"*Research run* as of {view['as_of']} · {view['status']} · {escape(view['model'])}"
    lines = []
    for item in view["revisions"][:12]:
        before, after = item["conviction"]
        moved = f"{before:.2f} → *{after:.2f}*" if before != after else f"{after:.2f}"
        lines.append(f"• `{item['thesis']}` {moved} · {item['status']}")
    lines += [f"• ⚠ `{item['thesis']}`: {escape(item['text'][:200])}" for item in view["fired"][:5]]
    lines += [f"• ✋ `{item['thesis']}` waits: {escape(item['question'])}" for item in view["pending"][:8]]
    lines += [f"• Left out: `{escape(item['path'])}`: {escape(item['reason'][:200])}" for item in view["left_out"][:5]]
    if view["status"] == "failed":
        lines.append(f"• It stopped: {escape(view['reason'])}")
    over = view["status"] in {"waiting", "done"}
    text = "\n".join(lines) or ("Nothing new changes what the desk believes." if over else escape(view["reason"] or view["status"]))
    said = f"{counted(view['posts'], 'post')} in the thread · {counted(len(view['contradictions']), 'contradiction')}"
    small = f"{said} · {view['cost_usd']:.4f} USD"
    small += f" · {view['report']}" if view["report"] else ""
    return {
        "text": f"{head}\n{text}"[:3_000],
        "blocks": [blocks.section(head), blocks.section(text[:2_900]), blocks.context(escape(small))],
    }


def charts(desk: "Desk", run_id: str, folder: Path) -> list[Path]:
    """Pictures that Slack can show, drawn again from the run's findings: it shows no SVG."""
    from integrations.report.charts import draw, png
    from memory.records import Kind

    drawn: list[Path] = []
    for record in desk.store.find(run_id=run_id, kinds=[Kind.FINDING]):
        item = record.data
        if item["kind"] != "chart" or len(drawn) == CHARTS:
            continue
        path = folder / "slack" / f"{item['thesis']}-{item['data']['name']}.png"
        if path in drawn:
            continue
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_bytes(png(draw({"as_of": desk.journal.run(run_id).as_of.date().isoformat(), **item["data"]})))
            partial.replace(path)
        drawn.append(path)
    return drawn
