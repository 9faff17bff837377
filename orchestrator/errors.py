"""What can stop a run.

StoaError
├── RunError         a run cannot go on as asked
├── ScheduleError    a schedule is not understood, or its calendar ends
├── PermissionRuleError  a rule of the permissions is not understood
└── BudgetError      a limit was reached before the next call
"""

from memory.errors import InputError, StoaError


class RunError(StoaError):
    """A run cannot go on as asked."""


class ScheduleError(InputError):
    """A schedule is not understood, or a calendar does not reach so far."""


class PermissionRuleError(InputError):
    """A rule of the permissions is not understood."""


class BudgetError(StoaError):
    """A limit of the settings was reached; the run can be resumed with a higher one."""
