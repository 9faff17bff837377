"""Hooks of installed packages around an agent's tool calls."""

import sys

import pytest

from agents.hooks import Hook, HookCall, Hooks
from agents.model import ToolCall
from agents.role import roles
from agents.tool_use import ToolAccess, ToolUse
from integrations.desk import Desk
from integrations.hooks import installed_hooks
from memory.errors import InputError
from orchestrator.tool_gate import ToolGate
from orchestrator.tool_permissions import parse_rule

HOOK = """
seen = []

def before_tool(call):
    return "that is closed today" if call.arguments.get("query") == "secret" else None

def after_tool(call, result, error):
    seen.append((call.role, call.tool, call.effect, dict(call.arguments), call.tainted, type(result).__name__, error))
"""


def install(folder, module, code=HOOK, value=None, name="watch"):
    """A package as an installer leaves it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[stoa.hooks]\n{name} = {value or module}\n", encoding="utf-8")


@pytest.fixture
def desk(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "stoa.toml").write_text("", encoding="utf-8")
    with Desk(folder) as opened:
        yield opened


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield tmp_path / "site"
    for name in [name for name in sys.modules if name.startswith("hook_of_")]:
        del sys.modules[name]


def user(desk, hooks, rules=(), role="data-analyst"):
    gate = ToolGate(lambda: [parse_rule(rule) for rule in rules], desk.permission_requests, desk.journal, desk.clock, hooks)
    return ToolUse(roles()[role], desk.workbench(run_id="r1"), ToolAccess(gate, hooks=hooks), tainted=False)


def told(use, tool, **arguments):
    (result,) = use.run([ToolCall(id="1", name="call", arguments={"tool": tool, "arguments": arguments})])
    return result.text


def test_a_hook_of_an_installed_package_forbids_a_call_and_the_decision_is_kept(desk, site, tmp_path):
    install(site, "hook_of_a_firm")
    hooks = installed_hooks(desk.folder, (site,))
    assert hooks.names == ("watch of hook_of_a_firm",)
    use = user(desk, hooks)
    assert "the hook watch of hook_of_a_firm forbids it: that is closed today" in told(use, "recall", query="secret")
    (decision,) = desk.permission_requests.decisions("r1")
    assert (decision.decision, "that is closed today" in decision.reason) == ("deny", True)
    assert sys.modules["hook_of_a_firm"].seen == []


def test_a_hook_sees_each_call_that_was_made_and_how_it_ended(desk, site):
    install(site, "hook_of_a_firm")
    use = user(desk, installed_hooks(desk.folder, (site,)))
    told(use, "recall", query="silver")
    told(use, "thesis.get", slug="none")
    good, bad = sys.modules["hook_of_a_firm"].seen
    assert good == ("data-analyst", "recall", "read", {"query": "silver"}, False, "Hits", "")
    assert (bad[1], bad[4:6], "none" in bad[6]) == ("thesis.get", (True, "NoneType"), True)


def test_a_hook_cannot_allow_what_the_rules_forbid_and_is_not_asked(desk):
    asked = []
    use = user(desk, Hooks([Hook("yes", before=asked.append)]), rules=["*.recall(*) -> deny"])
    assert "not permitted" in told(use, "recall", query="silver")
    assert asked == []


def test_what_a_hook_forbids_is_not_put_to_a_person(desk):
    use = user(desk, Hooks([Hook("no", before=lambda call: "not today")]))
    assert "not today" in told(use, "remember", text="a note")
    assert desk.permission_requests.requests() == []


def boom(*_):
    raise RuntimeError("boom")


def test_a_hook_that_breaks_before_a_call_forbids_it_and_one_that_breaks_after_is_only_logged(desk, caplog):
    assert "broke; the log says why" in told(user(desk, Hooks([Hook("bad", before=boom)])), "recall", query="silver")
    assert "nothing was found" in told(user(desk, Hooks([Hook("bad", after=boom)])), "recall", query="silver")
    assert caplog.text.count("RuntimeError: boom") == 2


def test_every_hook_is_asked_in_order_and_the_first_no_stands():
    hooks = Hooks([Hook("a", before=lambda call: None), Hook("b", before=lambda call: "b says no"), Hook("c", before=boom)])
    assert hooks.before(HookCall("quant", "recall", "read", {}, "", False)) == "the hook b forbids it: b says no"


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        ("raise OSError('no licence')", None, r"watch of hook_of_x cannot be loaded \(no licence\)"), ("", None, "neither before_tool nor"),
        (HOOK, "hook_of_x:nothing", "cannot be loaded"), (HOOK, "hook_of_none", "cannot be loaded"),
    ],
)  # fmt: skip
def test_a_hook_that_cannot_be_loaded_stops_the_desk_and_is_named(desk, site, code, value, said):
    install(site, "hook_of_x", code, value)
    with pytest.raises(InputError, match=said):
        installed_hooks(desk.folder, (site,))


def test_a_module_of_the_desk_s_folder_is_never_run(desk, site, monkeypatch):
    install(site, "hook_of_a_firm", value="hook_of_the_desk")
    (desk.folder / "hook_of_the_desk.py").write_text("raise SystemExit('it was run')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(desk.folder))
    with pytest.raises(InputError, match="loaded from the desk's folder"):
        installed_hooks(desk.folder, (site,))


def test_a_package_that_lies_in_the_desk_s_folder_is_no_hook(desk, monkeypatch):
    install(desk.folder, "hook_of_the_desk", "raise SystemExit('it was run')")
    monkeypatch.syspath_prepend(str(desk.folder))
    monkeypatch.chdir(desk.folder)
    assert installed_hooks(desk.folder).names == ()
    assert desk.hooks.names == ()
