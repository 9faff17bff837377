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
from memory.permission_requests import PermissionDecision, PermissionRequest, PermissionRequests, Wanted
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
            return ruling, _forbidden(wanted.tool, ruling.reason)
        given = self._requests.use(wanted, self._clock())
        if given is not None:
            return Ruling("allow", f"{given.decided_by} approved exactly this call ({given.id}, {given.scope})"), ""
        asked = self._requests.ask(wanted, ruling.reason, self._clock())
        if asked.status == "rejected":
            return Ruling("deny", _refusal(asked)), _refused(wanted.tool)
        return ruling, _asked_for(wanted.tool, asked.id)

    def _attended(self, run_id: str) -> bool:
        """Whether a person started the run; what is no run was asked for at a terminal or in a channel."""
        try:
            return not self._journal.run(run_id).arguments.get("schedule")
        except NotFoundError:
            return True


class KeptGate:
    """Fulfils ``Permit`` from what a run left: each call is decided as it was then, in the same order, and nobody is asked."""

    def __init__(self, requests: PermissionRequests, run_id: str) -> None:
        self._asked = [item for item in requests.requests() if item.run_id == run_id]
        self._made: dict[tuple[str, str], list[PermissionDecision]] = {}
        for made in requests.decisions(run_id):
            self._made.setdefault((made.role, made.digest), []).append(made)

    def __call__(self, role: Role, item: Tool | Offered, arguments: Mapping[str, Any], run_id: str, tainted: bool) -> str:
        """What the agent was told in that run."""
        del run_id, tainted
        place = (role.name, digest_of(item.name, arguments))
        made = self._made.get(place, [])
        if not made:
            # The arguments of a read may name a record, which has another id here; whatever else is new leaves the run's path.
            return "" if item.effect == "read" else f"{item.name} was not called so in that run: the replay differs from it here"
        then = made.pop(0) if len(made) > 1 else made[0]
        if then.decision == "allow":
            return ""
        # The question that stood then: the same call may be asked about again when a yes was used up.
        asked = [one for one in self._asked if (one.role, one.digest) == place and one.asked_at <= then.at]
        if then.decision == "ask" and asked:
            return _asked_for(item.name, asked[-1].id)
        return _refused(item.name) if then.reason in map(_refusal, asked) else _forbidden(item.name, then.reason)


def _forbidden(tool: str, reason: str) -> str:
    return f"{tool} is not permitted: {reason}; go on without it"


def _asked_for(tool: str, request_id: str) -> str:
    return f"{tool} needs a person's approval, which was asked for ({request_id}): go on without it"


def _refused(tool: str) -> str:
    return f"{tool} was refused by a person; go on without it"


def _refusal(asked: PermissionRequest) -> str:
    return f"{asked.decided_by} refused it ({asked.id})"


def question(item: PermissionRequest) -> str:
    """A request as people read it."""
    return f"May {item.role} call {item.tool}? {item.reason[:1].upper()}{item.reason[1:]}."
