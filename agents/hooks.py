"""Hooks before and after an agent's tool call: code of the installed environment that may forbid a call, or take note of it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

log = logging.getLogger("stoa.hooks")


class HookCall(NamedTuple):
    """A call as hooks see it. ``tainted``: the turn has read what came from outside."""

    role: str
    tool: str
    effect: str
    arguments: Mapping[str, Any]
    run_id: str
    tainted: bool


class Hook(NamedTuple):
    """One hook: where it comes from, and what it does; either part may be missing.

    ``before`` gives back why the call may not be made, or nothing. ``after`` gets what the tool returned, or its error in words.
    """

    name: str
    before: Callable[[HookCall], str | None] | None = None
    after: Callable[[HookCall, BaseModel | None, str], None] | None = None


class Hooks:
    """All hooks, in order."""

    def __init__(self, hooks: Sequence[Hook] = ()) -> None:
        self._hooks = tuple(hooks)

    @property
    def names(self) -> tuple[str, ...]:
        """Where they come from."""
        return tuple(hook.name for hook in self._hooks)

    def before(self, call: HookCall) -> str:
        """Why the call may not be made; empty when every hook lets it pass. A hook that breaks forbids it: it may be what protects."""
        for hook in self._hooks:
            try:
                reason = hook.before(call) if hook.before else ""
            except Exception:
                # The edge to code that is not ours: the log has the traceback, the agent is told.
                log.exception("the hook %s broke before %s", hook.name, call.tool)
                reason = "it broke; the log says why"
            if reason:
                return f"the hook {hook.name} forbids it: {str(reason)[:300]}"
        return ""

    def after(self, call: HookCall, result: BaseModel | None, error: str = "") -> None:
        """Tell every hook how a call ended. The tool has done its work, so that one that breaks is only logged."""
        for hook in self._hooks:
            try:
                if hook.after:
                    hook.after(call, result, error)
            except Exception:
                log.exception("the hook %s broke after %s", hook.name, call.tool)
