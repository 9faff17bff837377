"""The quant: runs each thesis's calculations and holds the book against itself."""

from collections.abc import Mapping
from typing import Any

from agents.playbook import answers
from agents.playbook.wording import number, said
from agents.quant.consistency import Bet, Contradiction, consistency
from agents.tool import call
from agents.turn import Finding, Post, Task, Turn
from agents.workbench import Workbench
from memory.errors import InputError
from memory.thesis import Calculation, Thesis

ROLE = "quant"


def take(task: Task, workbench: Workbench) -> Turn:
    """Work on theses, or answer a question."""
    if task.step == "answer":
        return _answer(task, workbench)
    if task.step != "work":
        return Turn()
    posts: list[Post] = []
    findings: list[Finding] = []
    for entry in workbench.theses(task.theses):
        found = [calculate(entry.thesis, item, workbench) for item in entry.thesis.calculations]
        findings += found
        done = [finding for finding in found if finding.kind == "calculation"]
        if done:
            citations = tuple(citation for finding in done for citation in finding.citations)
            posts.append(
                Post(
                    role=ROLE,
                    thesis=entry.thesis.slug,
                    text=f"{entry.thesis.title}. " + said([f.text for f in done]),
                    citations=citations,
                )
            )
    more_posts, more_findings = _book(task, workbench)
    return Turn(posts=(*posts, *more_posts), findings=(*findings, *more_findings))


def calculate(thesis: Thesis, item: Calculation, workbench: Workbench) -> Finding:
    """Run one declared calculation; what it cannot know becomes a request."""
    try:
        arguments = {name: _argument(value, thesis, workbench) for name, value in item.arguments.items()}
        result = call(item.tool, arguments, workbench).model_dump(mode="json")
    except InputError as error:
        return Finding(kind="request", role=ROLE, thesis=thesis.slug, text=f"{item.name}: {error}")
    text = _filled(item.text, result) if item.text else f"{item.name}: {_summary(result)}"
    evidence = workbench.figure(
        f"{thesis.slug}:{item.name}", text, {"tool": item.tool, "arguments": arguments, "result": result},
        uri=f"theses/{thesis.slug}.yaml", locator=f"calculations.{item.name}", thesis=thesis.slug,
    )  # fmt: skip
    return Finding(
        kind="calculation", role=ROLE, thesis=thesis.slug, text=text, citations=(evidence,),
        data={"name": item.name, "tool": item.tool, "result": result},
    )  # fmt: skip


def _argument(value: Any, thesis: Thesis, workbench: Workbench) -> Any:
    """A text that starts with "=" is a rule whose number is the argument."""
    if isinstance(value, list):
        return [_argument(item, thesis, workbench) for item in value]
    if isinstance(value, dict):
        return {name: _argument(item, thesis, workbench) for name, item in value.items()}
    if not (isinstance(value, str) and value.startswith("=")):
        return value
    found = workbench.evaluate(value[1:], thesis)
    if found.state != "number":
        raise InputError(f"{value[1:]} gives no number: {found.reason or found.state}")
    return found.value


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        raise InputError(f"the result has no field {key!r}: mend the calculation's text")


def _filled(text: str, result: Mapping[str, Any]) -> str:
    """The finding's text with fields of the result; lists are reached as {roots[0][leverage]}."""
    try:
        return text.format_map(_Fields(result))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise InputError(f"the calculation's text does not fit the result ({error}): mend it in the thesis file") from error


def _summary(result: Mapping[str, Any]) -> str:
    parts = [f"{name} {number(value)}" for name, value in result.items() if isinstance(value, int | float)]
    return ", ".join(parts[:5])


def _book(task: Task, workbench: Workbench) -> tuple[list[Post], list[Finding]]:
    """Contradictions and shared bets that a thesis of this run takes part in."""
    found = consistency([entry.thesis for entry in workbench.theses()])
    posts, findings = [], []
    for item in found.contradictions:
        if not set(item.theses) & set(task.theses):
            continue
        finding = _contradiction(item, workbench)
        findings.append(finding)
        posts.append(
            Post(
                role=ROLE,
                thesis=item.theses[0],
                text=f"These cannot both hold. {item.text}. To settle it: {item.settle}.",
                citations=finding.citations,
                to=("data-analyst", "architect"),
            )
        )
    for bet in found.bets:
        if set(bet.theses + bet.against) & set(task.theses):
            findings.append(_bet(bet))
    lines = [finding.text for finding in findings if finding.kind == "bet"]
    if lines:
        posts.append(Post(role=ROLE, text="Shared drivers. " + said(lines), to=("architect",)))
    return posts, findings


def _contradiction(item: Contradiction, workbench: Workbench) -> Finding:
    body = f"{item.kind}: {item.text}"
    evidence = workbench.figure(
        f"contradiction:{'+'.join(item.claims)}", body, item.model_dump(mode="json"), uri=f"theses/{item.theses[0]}.yaml",
        locator=", ".join(item.claims), thesis=item.theses[0],
    )  # fmt: skip
    return Finding(
        kind="contradiction", role=ROLE, thesis=item.theses[0], text=item.text, citations=(evidence,),
        data=item.model_dump(mode="json"),
    )  # fmt: skip


def _bet(bet: Bet) -> Finding:
    names, holders, others = ", ".join(bet.drivers), ", ".join(bet.theses), ", ".join(bet.against)
    if not bet.theses:
        text = f"{others} are one bet against {names}"
    elif len(bet.theses) > 1:
        text = f"{holders} are one bet on {names}" + (f"; {others} bets against it" if others else "")
    else:
        text = f"{holders} bets on {names}, {others} against it"
    return Finding(kind="bet", role=ROLE, thesis=(bet.theses or bet.against)[0], text=text, data=bet.model_dump(mode="json"))


def _answer(task: Task, workbench: Workbench) -> Turn:
    """The calculations of the theses that the question names, else what memory says."""
    from memory.text import fold

    plain = fold(task.question)

    def named_in_question(thesis: Thesis) -> bool:
        names = [thesis.slug, thesis.slug.replace("-", " "), *(fold(term) for term in thesis.terms if len(term) > 1)]
        return any(name in plain for name in names)

    named = [entry.thesis for entry in workbench.theses() if named_in_question(entry.thesis)]
    done = [calculate(thesis, item, workbench) for thesis in named[:2] for item in thesis.calculations]
    if not done:
        return answers.answer(task, workbench)
    citations = tuple(citation for finding in done for citation in finding.citations)
    answer = Post(role=ROLE, text=said([finding.text for finding in done]), citations=citations)
    # What the book holds against it belongs to the price, and the data analyst to what settles it.
    doubts, _ = _book(Task(step="work", role=ROLE, theses=tuple(thesis.slug for thesis in named[:2])), workbench)
    return Turn(posts=(answer, *[post for post in doubts if "data-analyst" in post.to][:1]))
