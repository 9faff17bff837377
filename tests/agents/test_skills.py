"""Skills: kept with a test, called by name, quarantined when the test fails. The sandbox is the real one."""

import json
from datetime import timedelta

import pytest

from agents.errors import ToolError
from agents.model import ToolCall
from agents.role import roles
from agents.tool import call
from agents.tool_use import ToolAccess, ToolUse
from agents.workbench import Workbench
from integrations.sandbox.local import LocalSandbox, landlock
from memory.book import Book
from memory.database import Database
from memory.journal import Journal
from memory.permission_requests import PermissionRequests
from memory.records import Draft, Kind, Status
from memory.store import Store
from orchestrator.tool_gate import ToolGate

CODE = '''
def run(spot, rate=0.05, years=1):
    """The forward price of a metal, in the unit of the spot.

    Simple interest.
    """
    return {"forward": round(spot * (1 + rate * years), 6)}
'''
TEST = """
def test_no_time_is_spot():
    assert run(30, years=0) == {"forward": 30}

def test_a_year_adds_the_rate():
    assert run(100)["forward"] == 105
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "spot": {"type": "number", "exclusiveMinimum": 0},
        "rate": {"type": "number"},
        "years": {"type": "number", "minimum": 0},
    },
    "required": ["spot"],
}
GOOD = {"name": "forward", "code": CODE, "test": TEST, "input_schema": SCHEMA}
WRONG = CODE.replace("rate * years)", "2 * rate * years)")


class Counted(LocalSandbox):
    """Counts what it runs."""

    runs = 0

    def run(self, code, inputs, limits):
        self.runs += 1
        return super().run(code, inputs, limits)


@pytest.fixture
def bench(tmp_path, clock):
    database = Database(tmp_path / "desk.db")
    store = Store(database, clock)
    yield Workbench(store, Book(database, clock), None, None, None, clock(), run_id="r1", sandbox=Counted(tmp_path / "kept", [landlock]))
    database.close()


def under(record_data, **versions):
    return {**record_data, "check": {**record_data["check"], "under": {**record_data["check"]["under"], **versions}}}


def aged(bench, name="forward"):
    """The skill as if its test had last run with an older scipy."""
    (record,) = bench.store.find(kinds=[Kind.SKILL], source_uri=f"skill:{name}")
    draft = {key: getattr(record, key) for key in ("kind", "title", "body", "source_uri", "content_hash", "known_from")}
    return bench.store.remember(
        Draft(**{**draft, "known_from": record.known_at}, data=under(record.data, scipy="1.0")), supersedes=record.id
    )


def test_a_saved_skill_is_found_and_called_by_name(bench):
    saved = call("skill.save", GOOD, bench)
    assert (saved.status, saved.tests, saved.version) == ("live", ("test_no_time_is_spot", "test_a_year_adds_the_rate"), 1)
    (listed,) = call("skill.list", {"about": "forward METAL"}, bench).skills
    assert listed == saved
    assert listed.description.startswith("The forward price of a metal, in the unit of the spot.")
    assert call("skill.list", {"about": "copper"}, bench).skills == []
    done = call("skill.run", {"name": "forward", "arguments": {"spot": 200, "rate": 0.1}}, bench)
    assert (done.value, done.result.exit_reason, done.sha256) == ({"forward": 220.0}, "ok", saved.sha256)
    assert bench.store.get(done.record).body.startswith(CODE)
    before = bench.sandbox.runs
    assert call("skill.run", {"name": "forward", "arguments": {"spot": 200, "rate": 0.1}}, bench).result.usage.reused
    assert bench.sandbox.runs == before


def test_what_a_skill_prints_and_draws_comes_back_and_what_fails_says_why(bench):
    code = (
        CODE
        + "\nimport numpy\nold = run\ndef run(spot):\n    'Odd.'\n    print('hello'); 1 / (spot - 1); return {'a': numpy.float64(2.5), 'b': numpy.arange(2)}\n"
    )
    call("skill.save", {**GOOD, "code": code.replace("\nold = run", ""), "test": "def test_x():\n    assert run(3)['a'] == 2.5", "input_schema": {**SCHEMA, "properties": {"spot": {}}}}, bench)  # fmt: skip
    done = call("skill.run", {"name": "forward", "arguments": {"spot": 3}}, bench)
    assert (done.value, done.result.stdout) == ({"a": 2.5, "b": [0, 1]}, "hello\n")
    failed = call("skill.run", {"name": "forward", "arguments": {"spot": 1}}, bench)
    assert (failed.value, failed.record, failed.result.exit_reason) == (None, "", "error")
    assert "ZeroDivisionError" in failed.result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"spot": "30"}, "spot: '30' is not of type 'number'"), ({"spot": 0}, "spot: 0 is less than or equal to"), ({}, "'spot' is a required"),
        ({"spot": 1, "volume": 2}, "'volume' was unexpected"), ({"spot": float("inf")}, "the arguments are no JSON"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_the_schema_are_refused_before_anything_runs(bench, arguments, said):
    call("skill.save", GOOD, bench)
    before = bench.sandbox.runs
    with pytest.raises(ToolError, match=said.replace("(", r"\(")):
        call("skill.run", {"name": "forward", "arguments": arguments}, bench)
    assert bench.sandbox.runs == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "x = 1"}, "must define run"), ({"code": "def run(spot, rate, years): return 1"}, "with a docstring"),
        ({"code": "def run("}, "the code is no Python"), ({"code": "def run(spot):\n    'One.'"}, "rate, years, which run does not take"),
        ({"test": "assert run(1)"}, "functions named test_"), ({"test": "def test_a():\n    run(1)"}, "test_a asserts nothing"),
        ({"input_schema": {"type": "array"}}, "of type object"), ({"name": "../x"}, "name"),
        ({"input_schema": {**SCHEMA, "required": "spot"}}, "no JSON Schema"),
        ({"input_schema": {**SCHEMA, "properties": {"spot": {"$ref": "http://127.0.0.1:1/"}}}}, r"\$ref, which is not taken"),
        ({"input_schema": {**SCHEMA, "properties": {"spot": {"items": {"pattern": "(a+)+$"}}}}}, "pattern, which is not taken"),
    ],
)  # fmt: skip
def test_a_skill_that_is_not_whole_is_refused_with_what_to_change(bench, change, said):
    with pytest.raises(ToolError, match=said):
        call("skill.save", {**GOOD, **change}, bench)
    assert (bench.sandbox.runs, bench.store.count()) == (0, 0)


def test_a_skill_whose_test_fails_is_quarantined_and_cannot_be_called(bench):
    saved = call("skill.save", {**GOOD, "code": WRONG}, bench)
    assert (saved.status, saved.failed) == ("quarantined", "test_a_year_adds_the_rate: AssertionError")
    assert bench.store.get(saved.record).status is Status.QUARANTINED
    with pytest.raises(ToolError, match=r"forward is quarantined, because its test test_a_year_adds_the_rate fails \(AssertionError\)"):
        call("skill.run", {"name": "forward", "arguments": {"spot": 1}}, bench)
    mended = call("skill.save", GOOD, bench)
    assert mended.status == "live"
    assert call("skill.run", {"name": "forward", "arguments": {"spot": 100}}, bench).value == {"forward": 105.0}


@pytest.mark.parametrize(
    ("test", "failed"),
    [
        ("import os\ndef test_a():\n    os._exit(0)\n    assert run(1)", "test_a: it ended before its test did"),
        ("import time\ndef test_a():\n    assert run(1)\ndef test_b():\n    assert 1 / 0", "test_b: ZeroDivisionError: division by zero"),
        ("import no_such\ndef test_a():\n    assert run(1)", "test_a: ModuleNotFoundError: No module named 'no_such'"),
        ("import os\ndef test_a():\n    assert os.kill(os.getpid(), 11)", "test_a: it ended with signal"),
    ],
)
def test_a_test_that_does_not_come_to_its_end_has_failed(bench, test, failed):
    assert call("skill.save", {**GOOD, "test": test}, bench).failed == failed


def test_a_new_version_replaces_the_old_one_only_when_its_test_passes(bench):
    first = call("skill.save", GOOD, bench)
    call("skill.save", {**GOOD, "code": WRONG}, bench)
    assert call("skill.list", {}, bench).skills == [first]
    better = call("skill.save", {**GOOD, "code": CODE.replace("Simple", "Plain")}, bench)
    assert (better.version, bench.store.get(first.record).status) == (2, Status.SUPERSEDED)
    assert [item.sha256 for item in call("skill.list", {}, bench).skills] == [better.sha256]


def test_with_other_libraries_the_test_runs_again_before_the_skill_does(bench):
    call("skill.save", GOOD, bench)
    old = aged(bench)
    assert call("skill.run", {"name": "forward", "arguments": {"spot": 100}}, bench).value == {"forward": 105.0}
    (fresh,) = bench.store.find(kinds=[Kind.SKILL])
    assert (fresh.version, fresh.data["check"]["under"]["scipy"] != "1.0", fresh.known_at) == (old.version + 1, True, old.known_at)
    runs = bench.sandbox.runs
    call("skill.run", {"name": "forward", "arguments": {"spot": 101}}, bench)
    assert bench.sandbox.runs == runs + 1


def test_a_skill_that_other_libraries_break_is_quarantined_when_it_is_called_or_checked(bench, tmp_path):
    marker = "import sys\ndef test_version():\n    assert run(1) and sys.version_info < (3, 0)"
    call("skill.save", GOOD, bench)
    (record,) = bench.store.find(kinds=[Kind.SKILL])
    draft = Draft(kind=Kind.SKILL, title="forward", body=CODE, source_uri="skill:forward", known_from=record.known_at, data=under({**record.data, "test": marker}, python="2.7"))  # fmt: skip
    broken = bench.store.remember(draft, supersedes=record.id)
    with pytest.raises(ToolError, match="quarantined, because its test test_version fails"):
        call("skill.run", {"name": "forward", "arguments": {"spot": 100}}, bench)
    (state,) = call("skill.check", {}, bench).skills
    assert (state.status, state.failed) == ("quarantined", "test_version: AssertionError")
    assert bench.store.get(broken.id).status is Status.SUPERSEDED
    assert bench.store.get(state.record).status is Status.QUARANTINED
    assert "test_version fails" in bench.store.get(state.record).reason


def test_checking_what_passes_changes_nothing(bench):
    call("skill.save", GOOD, bench)
    before = bench.store.count()
    assert call("skill.check", {"name": "forward"}, bench).skills[0].status == "live"
    assert bench.store.count() == before
    with pytest.raises(ToolError, match=r"no skill 'backward': skill\.list"):
        call("skill.check", {"name": "backward"}, bench)


def test_a_replay_knows_only_the_skills_of_its_day(bench):
    call("skill.save", GOOD, bench)
    earlier = Workbench(bench.store, bench.book, None, None, None, bench.as_of - timedelta(days=1), sandbox=bench.sandbox)
    assert call("skill.list", {}, earlier).skills == []


def use(bench, role, *, tainted=False):
    journal = Journal(bench.store.database, bench.store.clock)
    gate = ToolGate(list, PermissionRequests(bench.store.database), journal, bench.store.clock)
    return ToolUse(roles()[role], bench, ToolAccess(gate), tainted=tainted)


def told(user, tool, arguments):
    (result,) = user.run([ToolCall(id="1", name="call", arguments={"tool": tool, "arguments": arguments})])
    return result.text


@pytest.mark.parametrize("role", ["quant", "data-analyst", "developer"])
def test_roles_that_compute_may_run_a_skill_and_only_the_developer_may_ask_to_save_one(bench, role):
    call("skill.save", GOOD, bench)
    assert '"forward":105.0' in told(use(bench, role), "skill.run", {"name": "forward", "arguments": {"spot": 100}})
    said = told(use(bench, role), "skill.save", {**GOOD, "name": "other"})
    assert ("needs a person's approval" in said) if role == "developer" else ("not one of your tools" in said)
    assert [item.name for item in call("skill.list", {}, bench).skills] == ["forward"]


def test_a_yes_is_for_the_code_that_was_there_when_it_was_asked_for(bench):
    saved = call("skill.save", GOOD, bench)
    wanted = {"name": "forward", "arguments": {"spot": 100}}
    requests = PermissionRequests(bench.store.database)
    assert "approval" in told(use(bench, "quant", tainted=True), "skill.run", wanted)
    (asked,) = requests.requests()
    assert asked.arguments == {**wanted, "sha256": saved.sha256}
    requests.decide(asked.id, "minutes", "Ada", bench.store.clock())
    assert '"forward":105.0' in told(use(bench, "quant", tainted=True), "skill.run", wanted)
    call("skill.save", {**GOOD, "code": CODE + "# changed\n"}, bench)
    assert "approval" in told(use(bench, "quant", tainted=True), "skill.run", wanted)
    assert "no longer the code" in told(use(bench, "quant", tainted=True), "skill.run", {**wanted, "sha256": saved.sha256})


def test_a_skill_s_record_opens_its_code_and_its_test(bench):
    record = bench.store.get(call("skill.save", GOOD, bench).record)
    assert (record.kind, record.title, record.body, record.author_role, record.run_id) == (Kind.SKILL, "forward", CODE, "developer", "r1")
    assert record.data["test"] == TEST
    assert json.loads(json.dumps(record.data["input_schema"])) == SCHEMA
