"""Which run the present code works for, so that whatever it logs can say so."""

from contextvars import ContextVar

RUN: ContextVar[str] = ContextVar("run", default="")
"""The id of the run that is advanced here; empty outside of runs. Threads that a graph starts inherit it."""
