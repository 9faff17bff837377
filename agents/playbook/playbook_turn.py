"""The deterministic agent: the same interface as a model's turn."""

from collections.abc import Callable, Iterator, Sequence

from agents import tracing
from agents.playbook import analyst, architect, developer, frontend, quant
from agents.turn import Say, Task, Turn, turn_attributes
from agents.workbench import Workbench

_ROLES: dict[str, Callable[[Task, Workbench], Turn]] = {
    "architect": architect.take,
    "data-analyst": analyst.take,
    "quant": quant.take,
    "developer": developer.take,
    "frontend": frontend.take,
}


class PlaybookTurn:
    """Takes turns by playbook; a role of the desk's own that has none says so."""

    def take(self, task: Task, workbench: Workbench) -> Turn:
        """Work on a task without a model."""
        playbook = _ROLES.get(task.role)
        if playbook is None:
            return Turn(requests=(f"{task.role} has no playbook: set a model for it to take part",))
        with tracing.span("invoke_agent", turn_attributes(task, workbench.run_id, "playbook")):
            return playbook(task, workbench)

    def take_all(self, tasks: Sequence[Task], workbench: Workbench, say: Say | None = None) -> Iterator[Turn]:
        """One after the other, each handed over before the next begins: what is saved is not done again after a crash."""
        del say
        for task in tasks:
            yield self.take(task, workbench)

    def left(self, run_id: str) -> float:
        """Computation costs nothing."""
        del run_id
        return 1.0
