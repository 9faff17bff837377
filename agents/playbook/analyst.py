"""The data analyst: evaluates signals and falsifiers, finds passages, answers with quotes."""

from collections.abc import Sequence

from agents.playbook import answers
from agents.playbook.wording import number, quoted, said
from agents.turn import Finding, Post, Task, Turn
from agents.workbench import Workbench
from memory.errors import RuleError
from memory.life import repeats
from memory.measures import sentences
from memory.records import DESK, Draft, Kind, Record, Trust
from memory.rules import Evaluation, ValueEvidence
from memory.text import fold
from memory.thesis import Evidence, Falsifier, Signal, Thesis

ROLE = "data-analyst"
PASSAGES = 2
"""Quotes a thesis and run: more are noise in a channel."""


def take(task: Task, workbench: Workbench) -> Turn:
    """Work, join a discussion, or answer a question."""
    if task.step == "discuss":
        return _discuss(task, workbench)
    if task.step == "answer":
        return answers.answer(task, workbench)
    posts: list[Post] = []
    findings: list[Finding] = []
    new = [record for record in workbench.store.many(task.new_records).values() if record.trust is not Trust.AGENT]
    for entry in workbench.theses(task.theses):
        found = [*_rules(entry.thesis, workbench), *_passages(entry.thesis, new, workbench)]
        findings += found
        post = _post(entry.thesis, found)
        if post:
            posts.append(post)
    return Turn(posts=tuple(posts), findings=tuple(findings))


def _rules(thesis: Thesis, workbench: Workbench) -> list[Finding]:
    found = []
    rules: list[Signal | Falsifier] = [*thesis.signals, *thesis.falsifiers]
    for rule in rules:
        kind = "falsifier" if isinstance(rule, Falsifier) else "signal"
        try:
            evaluation = workbench.evaluate(rule.rule, thesis)
        except RuleError as error:
            found.append(_request(thesis, f"{rule.name}: {error}"))
            continue
        if evaluation.state == "number":
            found.append(_request(thesis, f"{rule.name}: the rule gives a number; compare it with something"))
        elif evaluation.state == "unknown":
            found.append(_request(thesis, f"{rule.name} cannot be evaluated: {evaluation.reason}"))
        else:
            found.append(_finding(thesis, rule, kind == "falsifier", evaluation, workbench))
    return found


def _finding(thesis: Thesis, rule: Signal | Falsifier, falsifies: bool, evaluation: Evaluation, workbench: Workbench) -> Finding:
    citations = tuple(_evidence(item, thesis, rule, evaluation, workbench) for item in evaluation.evidence)
    values = ", ".join(f"{item.call} = {number(item.value)} {item.unit}".strip() for item in evaluation.evidence)
    return Finding(
        kind="falsifier" if falsifies else "signal",
        role=ROLE,
        thesis=thesis.slug,
        text=f"{rule.text or rule.name} is {evaluation.state}: {values}",
        citations=citations,
        data={
            "name": rule.name,
            "rule": rule.rule,
            "words": rule.text,
            "state": evaluation.state,
            "llr": rule.llr,
            "llr_false": getattr(rule, "llr_false", 0.0),
            "source": rule.source or rule.name,
            "values": [item.value for item in evaluation.evidence],
            "calls": [item.call for item in evaluation.evidence],
            "units": [item.unit for item in evaluation.evidence],
        },
    )


def _evidence(item: ValueEvidence, thesis: Thesis, rule: Signal | Falsifier, evaluation: Evaluation, workbench: Workbench) -> Evidence:
    supports = (rule.llr > 0) == (evaluation.state == "true")
    stance = "supports" if supports else "contradicts"
    if item.quote:
        record = workbench.store.get(item.source)
        return workbench.cite(record, item.quote).model_copy(update={"stance": stance})
    key = f"{thesis.slug}:{rule.name}:{item.call}"
    figure = answers.series_figure(item, key, workbench, thesis.slug, rule=rule.rule, words=rule.text)
    return figure.model_copy(update={"stance": stance})


def _passages(thesis: Thesis, new: Sequence[Record], workbench: Workbench) -> list[Finding]:
    """The most telling sentences of new passages that name the thesis's terms."""
    terms = [fold(term) for term in thesis.terms]
    scored: list[tuple[int, int, Record, str]] = []
    for order, record in enumerate(sorted(new, key=lambda item: item.known_at, reverse=True)):
        if record.known_at > workbench.as_of:
            continue
        for sentence in sentences(record.body):
            plain = fold(sentence)
            score = sum(term in plain for term in terms)
            if score and 20 <= len(sentence) <= 400:
                scored.append((score + any(c.isdigit() for c in sentence), -order, record, sentence))
    best: list[Finding] = []
    seen: set[str] = set()
    for _, _, record, sentence in sorted(scored, key=lambda item: (-item[0], -item[1], item[3])):
        if len(best) == PASSAGES:
            break
        if record.source_uri not in seen and not _known(thesis, sentence, workbench):
            seen.add(record.source_uri)
            best.append(
                Finding(
                    kind="passage",
                    role=ROLE,
                    thesis=thesis.slug,
                    text=quoted(sentence),
                    citations=(workbench.cite(record, sentence),),
                    data={"known_at": record.known_at.isoformat()},
                )
            )
    return best


def _known(thesis: Thesis, sentence: str, workbench: Workbench) -> bool:
    """Whether an earlier run found what says the same: the same news in another place is noise."""
    said = Draft(body=quoted(sentence), thesis_slugs=(thesis.slug,))
    return repeats(workbench.recall, said, [Kind.FINDING], workbench.as_of) is not None


def _request(thesis: Thesis, text: str) -> Finding:
    return Finding(kind="request", role=ROLE, thesis=thesis.slug, text=text)


def _post(thesis: Thesis, found: Sequence[Finding]) -> Post | None:
    rules = [finding for finding in found if finding.kind in {"signal", "falsifier"}]
    passages = [finding for finding in found if finding.kind == "passage"]
    fired = [finding for finding in rules if finding.kind == "falsifier" and finding.data["state"] == "true"]
    shown = [finding for finding in rules if finding.kind == "signal" or finding in fired][:4] + passages[:1]
    if not shown:
        return None
    lines = [f"Falsifier fired: {finding.text}" if finding in fired else finding.text for finding in shown]
    return Post(
        role=ROLE, thesis=thesis.slug, text=f"{thesis.title}. " + said(lines),
        citations=tuple(citation for finding in shown for citation in finding.citations),
        to=("architect",) if fired else (),
    )  # fmt: skip


def _discuss(task: Task, workbench: Workbench) -> Turn:
    """Bring the passage that bears on each objection."""
    posts = []
    for post in task.posts:
        if ROLE not in post.to:
            continue
        found = _best_sentence(post.text, workbench)
        if found:
            citation, sentence = found
            posts.append(
                Post(
                    role=ROLE,
                    thesis=post.thesis,
                    text=f"@{post.role} the notes say: {quoted(sentence)}.",
                    citations=(citation,),
                    to=("architect",),
                )
            )
    return Turn(posts=tuple(posts))


def _best_sentence(question: str, workbench: Workbench) -> tuple[Evidence, str] | None:
    from memory.text import tokens

    wanted = set(tokens(question))
    best: tuple[float, Evidence, str] | None = None
    for hit in workbench.recall.search(question, 6, kinds=[Kind.CHUNK, Kind.NOTE], as_of=workbench.as_of, without=DESK).hits:
        for sentence in sentences(hit.text):
            words = set(tokens(sentence))
            if len(words) < 5 or len(sentence) > 400:
                continue
            score = hit.score * len(words & wanted) / len(words) ** 0.5
            if best is None or score > best[0]:
                evidence = Evidence(record=hit.id, quote=sentence, source_uri=hit.source_uri, locator=hit.locator)
                best = (score, evidence, sentence)
    return (best[1], best[2]) if best else None
