"""The developer without a model: says what could not be computed, and what would unblock it."""

from agents.playbook import answers
from agents.playbook.wording import said
from agents.turn import Post, Task, Turn
from agents.workbench import Workbench

ROLE = "developer"


def take(task: Task, workbench: Workbench) -> Turn:
    """Turn what failed into requests for data, once the others have worked."""
    if task.step == "answer":
        return answers.answer(task, workbench)
    if task.step != "discuss" or task.round:
        return Turn()
    asked: dict[str, str] = {}
    for finding in task.findings:
        if finding.kind == "request":
            asked.setdefault(f"{finding.thesis}: {finding.text}", finding.thesis)
    for entry in workbench.theses(task.theses):
        for request in entry.thesis.requests:
            asked.setdefault(f"{entry.thesis.slug}: {request}", entry.thesis.slug)
    if not asked:
        return Turn()
    lines = list(asked)
    shown = said(lines[:4]) + (f" And {len(lines) - 4} more in the report." if len(lines) > 4 else "")
    return Turn(posts=(Post(role=ROLE, text=f"What I cannot compute yet. {shown}", to=("architect",)),), requests=tuple(lines))
