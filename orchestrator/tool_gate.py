"""The one check that every tool call of an agent passes: the rules, then what people approved, and a row for each decision."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.hooks import HookCall, Hooks
from agents.outside import Offered
from agents.role import Role
from agents.tool import Tool
from memory.clock import Clock
from memory.errors import NotFoundError
from memory.journal import Journal
from memory.permission_requests import PermissionRequest, PermissionRequests, Wanted
from orchestrator.tool_permissions import Call, Rule, Ruling, digest_of, rule_on_call


class ToolGate:
    """Fulfils ``Permit`` for one desk. ``rules`` is asked at each call: a rule that was just written holds at once."""

    def __init__(
        self, rules: Callable[[], Sequence[Rule]], requests: PermissionRequests, journal: Journal, clock: Clock, hooks: Hooks | None = None
    ) -> None:
        self._rules = rules
        self._requests = requests
        self._journal = journal
        self._clock = clock
        self._hooks = hooks or Hooks()

    def __call__(self, role: Role, item: Tool | Offered, arguments: Mapping[str, Any], run_id: str, tainted: bool) -> str:
        """Empty when the call may be made; else what the agent is told."""
        wanted = Wanted(run_id, role.name, item.name, dict(arguments), digest_of(item.name, arguments))
        call = Call(
            role.name, item.name, item.effect, arguments, named=item.name in role.tools, tainted=tainted, attended=self._attended(run_id)
        )
        ruled = rule_on_call(call, self._rules())
        if ruled.decision != "deny":
            # Before a person is asked and before a yes is used up: nobody is bothered with what a hook forbids.
            forbidden = self._hooks.before(HookCall(role.name, item.name, item.effect, dict(arguments), run_id, tainted))
            ruled = Ruling("deny", forbidden) if forbidden else ruled
        ruling, told = self._settle(wanted, ruled)
        self._requests.record(wanted, ruling, self._clock(), tainted=tainted)
        return told

    def _settle(self, wanted: Wanted, ruling: Ruling) -> tuple[Ruling, str]:
        if ruling.decision == "allow":
            return ruling, ""
        if ruling.decision == "deny":
            return ruling, f"{wanted.tool} is not permitted: {ruling.reason}; go on without it"
        given = self._requests.use(wanted, self._clock())
        if given is not None:
            return Ruling("allow", f"{given.decided_by} approved exactly this call ({given.id}, {given.scope})"), ""
        asked = self._requests.ask(wanted, ruling.reason, self._clock())
        if asked.status == "rejected":
            return Ruling("deny", f"{asked.decided_by} refused it ({asked.id})"), f"{wanted.tool} was refused by a person; go on without it"
        return ruling, f"{wanted.tool} needs a person's approval, which was asked for ({asked.id}): go on without it"

    def _attended(self, run_id: str) -> bool:
        """Whether a person started the run; what is no run was asked for at a terminal or in a channel."""
        try:
            return not self._journal.run(run_id).arguments.get("schedule")
        except NotFoundError:
            return True


def question(item: PermissionRequest) -> str:
    """A request as people read it."""
    return f"May {item.role} call {item.tool}? {item.reason[:1].upper()}{item.reason[1:]}."
