"""Which tier holds a run: the first whose walls stand."""

from collections.abc import Callable, Sequence

from agents.errors import SandboxRefusedError
from agents.sandbox import Limits
from integrations.sandbox.cell import Cell, Preload

START_SECONDS = 20.0
"""A worker that has not answered by then will not: on a busy laptop it takes 0.1 s."""
MakeCell = Callable[[Limits, int, Preload | None], Cell]


def standing(
    makers: Sequence[MakeCell], limits: Limits, input_bytes: int, preload: Preload | None = None, timeout: float = START_SECONDS
) -> Cell:
    """A worker of the first of the tiers whose walls stand, waiting for its job.

    Raises:
        SandboxRefusedError: none does; the message gives each one's reason and mend.
    """
    reasons: list[str] = []
    for make in makers:
        cell: Cell | None = None
        try:
            cell = make(limits, input_bytes, preload)
            cell.ready(timeout)
        except (SandboxRefusedError, OSError) as error:
            reasons.append(str(error))
            if cell is not None:
                cell.close()
            continue
        except BaseException:
            if cell is not None:
                cell.close()
            raise
        return cell
    raise SandboxRefusedError(f"nothing was run, because no walls stand here. {'; or '.join(reasons)}. See stoa sandbox doctor")
