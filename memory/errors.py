"""What can go wrong in the memory, and the root of every error of the desk.

StoaError
├── InputError            what was given cannot be used: the message says what and how to mend it (exit 2)
│   ├── RuleError         a rule does not parse, or names what is not there
│   └── UnreadableError   a file cannot be read as what it claims to be
├── NotFoundError         no record, thesis, series or run of that name
├── ConflictError         somebody was first: re-read and try again
│   ├── StaleError        a proposal was made against a revision that is no longer the head
│   └── LostError         the run belongs to another process now, or was cancelled
├── IntegrityError        stored bytes do not match their hash
├── BusyError             another process owns the store
├── EmbedderError         the embedding model gives no vectors now, or wrong ones
└── IndexBrokenError      the vector index cannot be trusted until it is rebuilt
"""


class StoaError(Exception):
    """The root: every error the desk raises on purpose, its message one sentence that says what to do."""

    exit_code = 1


class InputError(StoaError):
    """What was given cannot be used."""

    exit_code = 2


class RuleError(InputError):
    """A rule does not parse, names an unknown series, or refers to itself."""


class UnreadableError(InputError):
    """A file cannot be read as what it claims to be."""


class NotFoundError(InputError):
    """Nothing of that name or id exists."""


class ConflictError(StoaError):
    """Somebody else changed the same thing first."""


class StaleError(ConflictError):
    """A proposal names a revision that is no longer the newest."""


class LostError(ConflictError):
    """The run belongs to another process now, or was cancelled: nothing more is written for it here."""


class IntegrityError(StoaError):
    """Stored bytes do not match their hash."""


class BusyError(StoaError):
    """Another process holds the store."""


class DiskError(BusyError):
    """A disk is full or gone: to wait a moment does not help."""


class EmbedderError(StoaError):
    """The embedding model gives no vectors now, or not those it should."""


class IndexBrokenError(StoaError):
    """The vector index cannot be trusted until it is rebuilt."""
