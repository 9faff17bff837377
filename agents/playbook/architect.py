"""The architect without a model: plans, settles, and drafts revisions from what the rules give."""

import hashlib
import json
import re
from collections.abc import Sequence

from agents.playbook import analyst, answers
from agents.playbook.wording import said, signed
from agents.turn import Finding, Post, Task, Turn
from agents.workbench import Workbench
from memory.book import Entry
from memory.rules import Impulse, Move, move
from memory.sentences import counted
from memory.thesis import Applied, Evidence, Proposal, Thesis, ThesisStatus

ROLE = "architect"
MOVED = 0.0005
"""A change of conviction smaller than this is none."""


def take(task: Task, workbench: Workbench) -> Turn:
    """Plan, discuss, propose or answer."""
    match task.step:
        case "plan":
            return _plan(task)
        case "discuss":
            return _close(task)
        case "propose":
            return Turn(proposals=tuple(_propose(task, workbench)))
        case "answer":
            return _answer(task, workbench)
        case _:
            return Turn()


def _plan(task: Task) -> Turn:
    theses = counted(len(task.theses), "thesis", "theses")
    text = (
        f"{task.question} @data-analyst evaluate the rules and find the passages, @quant price the positions and hold the "
        f"claims against each other, @developer say what cannot be computed, @frontend draw it. {theses}: {', '.join(task.theses)}."
    )
    return Turn(posts=(Post(role=ROLE, text=text, to=("data-analyst", "quant", "developer", "frontend")),))


def _close(task: Task) -> Turn:
    """Answer each open objection once; what no evidence settles is named as disputed."""
    if task.round == 0:
        return Turn()
    disputed = [finding for finding in task.findings if finding.kind == "contradiction"]
    if not disputed:
        return Turn()
    lines = [f"{finding.text}; to settle it: {finding.data['settle']}" for finding in disputed]
    text = f"{len(disputed)} disputes stay open and go into the report; no conviction moves on them. {said(lines)}"
    return Turn(posts=(Post(role=ROLE, text=text, citations=tuple(c for f in disputed for c in f.citations)),))


def _propose(task: Task, workbench: Workbench) -> list[Proposal]:
    proposals = []
    for entry in workbench.theses(task.theses):
        findings = [finding for finding in task.findings if finding.thesis == entry.thesis.slug]
        proposals += _revise(entry, findings, workbench)
    return proposals


def _revise(entry: Entry, findings: Sequence[Finding], workbench: Workbench) -> list[Proposal]:
    """At most two changes: the challenge by a fired falsifier, and the new conviction."""
    thesis = entry.thesis
    fired = [f for f in findings if f.kind == "falsifier" and f.data["state"] == "true" and _is_new(thesis, f)]
    proposals = []
    if fired and thesis.status is ThesisStatus.ACTIVE:
        names = ", ".join(finding.data["name"] for finding in fired)
        text = f"Falsifier {names} fired: {said([finding.text for finding in fired])} The thesis is challenged until a person decides."
        proposals.append(_proposal(entry, {"status": "challenged"}, text, fired, workbench))
    rules = [finding for finding in findings if finding.kind in {"signal", "falsifier"}]
    step, applied = conviction(thesis, rules, workbench)
    if abs(step.after - step.before) >= MOVED:
        patch = {
            "conviction": step.after,
            "applied": {name: item.model_dump(mode="json") for name, item in applied.items()},
        }
        moved = {item.name for item in step.steps if item.applied}
        used = [finding for finding in rules if finding.data["name"] in moved]
        passages = [finding for finding in findings if finding.kind == "passage"]
        text = _rationale(step, used, passages)
        proposals.append(_proposal(entry, patch, text, [*used, *passages], workbench, step))
    return proposals


def _is_new(thesis: Thesis, finding: Finding) -> bool:
    before = thesis.applied.get(finding.data["name"])
    return before is None or before.state != finding.data["state"]


def conviction(thesis: Thesis, findings: Sequence[Finding], workbench: Workbench) -> tuple[Move, dict[str, Applied]]:
    """Conviction is the prior moved by what each rule says *now*: a rule that turns takes back what it gave.

    So the same news never counts twice, and the result does not depend on how often the desk ran. What the bounds of
    a day hold back follows on later days.
    """
    today = workbench.as_of.date()
    impulses: list[Impulse] = []
    spent: dict[str, float] = {}
    for applied in thesis.applied.values():
        if applied.day == today:
            spent[applied.source] = spent.get(applied.source, 0.0) + applied.spent
    for finding in findings:
        data = finding.data
        target = data["llr"] if data["state"] == "true" else data["llr_false"]
        before = thesis.applied.get(data["name"])
        rest = target - (before.llr if before else 0.0)
        if abs(rest) > 1e-9:
            evidence = tuple(citation.record for citation in finding.citations)
            impulses.append(Impulse(name=data["name"], llr=rest, source=data["source"], evidence=evidence))
    step = move(thesis.conviction, impulses, spent=spent)
    kept = dict(thesis.applied)
    states = {finding.data["name"]: finding.data["state"] for finding in findings}
    for item in step.steps:
        before = kept.get(item.name)
        again = before is not None and before.day == today
        kept[item.name] = Applied(
            state=states[item.name], llr=round((before.llr if before else 0.0) + item.applied, 6), source=item.source, day=today,
            spent=round(item.applied + (before.spent if before and again else 0.0), 6),
        )  # fmt: skip
    return step, kept


def _rationale(step: Move, used: Sequence[Finding], passages: Sequence[Finding]) -> str:
    texts = {finding.data["name"]: finding.text for finding in used}
    parts = []
    for item in step.steps:
        if item.applied:
            capped = f", {item.reason}" if item.reason else ""
            parts.append(f"{texts[item.name]} ({signed(item.applied)} log-odds{capped})")
    quotes = f" The sources say: {' '.join(finding.text for finding in passages)}" if passages else ""
    return f"Conviction {step.before:.2f} → {step.after:.2f}. " + said(parts) + quotes


def _proposal(
    entry: Entry,
    patch: dict[str, object],
    text: str,
    findings: Sequence[Finding],
    workbench: Workbench,
    step: Move | None = None,
) -> Proposal:
    evidence: dict[tuple[str, str], Evidence] = {(c.record, c.quote): c for f in findings for c in f.citations}
    if step:
        slug = entry.thesis.slug
        body = f"Conviction {step.before:.2f} → {step.after:.2f}: " + ", ".join(
            f"{item.name} {signed(item.applied)} log-odds" for item in step.steps if item.applied
        )
        rules = [{"rule": f.data["rule"], "words": f.data["words"]} for f in findings if "rule" in f.data]
        data = {**step.model_dump(mode="json"), "rules": rules}
        figure = workbench.figure(f"{slug}:conviction", body, data, uri=f"theses/{slug}.yaml", locator="signals", thesis=slug)
        evidence[figure.record, figure.quote] = figure
    digest = hashlib.sha256(json.dumps([entry.revision.hash, patch], sort_keys=True).encode()).hexdigest()[:24]
    return Proposal(
        thesis=entry.thesis.slug, against=entry.revision.hash, author=ROLE, run_id=workbench.run_id, patch=dict(patch),
        rationale=text, evidence=tuple(evidence.values()), idempotency_key=f"{entry.thesis.slug}:{digest}",
    )  # fmt: skip


_REVISE = ("propose", "revise", "提议", "调整信念")
_REVISION = ("revision", "修订")
"""Words by which a person asks for a change of the book; the second ones also name a change that was made."""

_WHY = r"\bwhy\b|\bchanged?\b|\bmoved?\b|\breasons?\b|为什么|为何|原因|变化|变动|改变"
"""Words by which a person asks for the reasons of a change."""


def _answer(task: Task, workbench: Workbench) -> Turn:
    """What the book believes on the theses a question names, and why, then what memory says; or a revision, where one is asked for."""
    from memory.text import fold

    plain = fold(task.question)
    named = [entry for entry in workbench.theses() if _names(entry.thesis, plain)]
    why = re.search(_WHY, plain) is not None
    if named and any(word in plain for word in (_REVISE if why else _REVISE + _REVISION)):
        return _asked_to_revise(named[:2], workbench)
    lines = [
        f"{entry.thesis.title}: {entry.thesis.stance}, conviction {entry.thesis.conviction:.2f}, {entry.thesis.status} "
        f"(revision {entry.revision.n}). {_last_change(entry) if why else entry.thesis.claim}"
        for entry in named[:3]
    ]
    reasons = tuple(item for entry in named[:3] for item in entry.revision.evidence) if why else ()
    found = answers.answer(task, workbench).posts[0]
    if lines:
        text = " ".join([*lines, found.text] if found.citations else lines)
        found = found.model_copy(update={"text": text, "citations": reasons + found.citations})
    return Turn(posts=(found.model_copy(update={"role": ROLE}),))


def _last_change(entry: Entry) -> str:
    """When, by whom and why a thesis last changed."""
    revision, day = entry.revision, entry.effective_at.date()
    if revision.n == 1:
        return f"It has not changed since it entered the book on {day}."
    approved = f", approved by {revision.approval.by}" if revision.approval and revision.approval.mode == "person" else ""
    return f"It last changed on {day}, by {revision.author}{approved}: {revision.rationale}"


def _names(thesis: Thesis, plain: str) -> bool:
    from memory.text import fold

    return thesis.slug in plain or any(fold(term) in plain for term in thesis.terms if len(term) > 1 or not term.isascii())


def _asked_to_revise(entries: Sequence[Entry], workbench: Workbench) -> Turn:
    """What the rules give now for these theses, as proposals; the gate decides what waits for a person."""
    work = analyst.take(Task(step="work", role=analyst.ROLE, theses=tuple(entry.thesis.slug for entry in entries)), workbench)
    posts, proposals = [], []
    for entry in entries:
        found = _revise(entry, [finding for finding in work.findings if finding.thesis == entry.thesis.slug], workbench)
        proposals += found
        said_of_it = [f"I propose a revision of {entry.thesis.title}. {proposal.rationale}" for proposal in found]
        text = " ".join(said_of_it) or f"{entry.thesis.title}: the rules give no change; conviction stays {entry.thesis.conviction:.2f}."
        citations = tuple(item for proposal in found for item in proposal.evidence)
        posts.append(Post(role=ROLE, thesis=entry.thesis.slug, text=text, citations=citations))
    return Turn(posts=tuple(posts), proposals=tuple(proposals))
