"""What can go wrong in an agent's turn.

StoaError
├── ToolError             a call that its caller can mend: the message says how; a model is told it and goes on
│   └── QuantError        no such number exists, or the inputs do not determine it
├── OutsideError          a server outside the desk cannot be used now: the turn goes on without it
├── RoleError             a role file is wrong
├── SandboxRefusedError   no walls can be put up on this machine: nothing was run
└── ModelError            a model did not give an answer that can be used
    ├── ModelUnreachableError   try again later; the run can be resumed
    ├── ModelRefusedError       the endpoint refuses this request: change it, or the settings
    ├── ModelContextError       the request is longer than the model can read: shorten it
    └── ModelAnswerError        an answer came, but not a whole or not a valid one
"""

from memory.errors import InputError, StoaError


class ToolError(InputError):
    """A tool was called with what it cannot use."""


class QuantError(ToolError):
    """No such number exists, or the inputs do not determine it."""


class OutsideError(StoaError):
    """A server outside the desk cannot be used now."""


class RoleError(InputError):
    """A role file is wrong."""


class SandboxRefusedError(StoaError):
    """No walls can be put up on this machine, or they did not stand: the code was not run."""


class ModelError(StoaError):
    """A model did not give an answer that can be used."""


class ModelUnreachableError(ModelError):
    """The endpoint is down, busy or too slow."""


class ModelRefusedError(ModelError):
    """The endpoint or the model refuses the request."""


class ModelContextError(ModelError):
    """The request is longer than the model's context."""


class ModelAnswerError(ModelError):
    """The answer is cut, empty, or not of the form that was asked for."""
