"""The front-end engineer without a model: decides which chart answers which question."""

from typing import Any

from agents.playbook import answers
from agents.turn import Finding, Post, Task, Turn
from agents.workbench import Workbench
from memory.sentences import counted
from memory.thesis import Thesis

ROLE = "frontend"
_CHARTS = {"quant.structure": "payoff", "quant.curve": "curve", "quant.supply_demand": "fan"}
LINES = 1
"""Line charts a thesis: more would bury the one that matters."""


def take(task: Task, workbench: Workbench) -> Turn:
    """Chart specifications with the numbers behind them; the report draws them."""
    if task.step == "answer":
        return answers.answer(task, workbench)
    if task.step != "discuss" or task.round:
        return Turn()
    findings: list[Finding] = []
    for entry in workbench.theses(task.theses):
        findings += _lines(entry.thesis, workbench)
    for finding in task.findings:
        chart = _CHARTS.get(str(finding.data.get("tool")))
        if finding.kind == "calculation" and chart:
            data = {
                "chart": chart,
                "title": finding.text,
                "result": finding.data["result"],
                "name": finding.data["name"],
            }
            findings.append(
                Finding(
                    kind="chart",
                    role=ROLE,
                    thesis=finding.thesis,
                    text=finding.text,
                    citations=finding.citations,
                    data=data,
                )
            )
    if not findings:
        return Turn()
    charts = counted(len(findings), "chart")
    theses = counted(len({finding.thesis for finding in findings}), "thesis", "theses")
    text = f"In the report: {charts} for {theses}; synthetic series say so on the chart."
    return Turn(posts=(Post(role=ROLE, text=text),), findings=tuple(findings))


def _lines(thesis: Thesis, workbench: Workbench) -> list[Finding]:
    from memory.rules import parse

    names: list[str] = []
    for text in [*(item.rule for item in thesis.signals), *(item.rule for item in thesis.falsifiers)]:
        names += [name for name in sorted(parse(text).series) if name not in names]
    found = []
    for name in names[:LINES]:
        info = workbench.market.info(name)
        points = workbench.reader.points(name, workbench.as_of)[-260:]
        if info and len(points) > 1:
            data: dict[str, Any] = {
                "chart": "line", "name": name.replace(".", "-"), "title": info.title or name, "title_zh": info.title_zh,
                "unit": info.unit, "source": info.source, "synthetic": info.synthetic, "as_of": workbench.as_of.date().isoformat(),
                "points": [[point.valid_time.isoformat(), point.value] for point in points],
            }  # fmt: skip
            found.append(Finding(kind="chart", role=ROLE, thesis=thesis.slug, text=info.title or name, data=data))
    return found
