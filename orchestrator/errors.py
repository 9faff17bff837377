"""What can stop a run.

StoaError
├── RunError         a run cannot go on as asked
└── BudgetError      a limit was reached before the next call
"""

from memory.errors import StoaError


class RunError(StoaError):
    """A run cannot go on as asked."""


class BudgetError(StoaError):
    """A limit of the settings was reached; the run can be resumed with a higher one."""
