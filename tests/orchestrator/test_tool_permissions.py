"""What agents may do with tools."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.model import ToolCall
from agents.role import Role, roles
from agents.tool import tools
from agents.tool_use import ToolAccess, ToolUse
from memory.database import Database
from memory.errors import ConflictError, NotFoundError
from memory.journal import Journal, NewRun
from memory.permission_requests import PermissionRequests, Wanted
from orchestrator.errors import PermissionRuleError
from orchestrator.tool_gate import KeptGate, ToolGate, question
from orchestrator.tool_permissions import Call, digest_of, exact_rule, matches, parse_rule, rule_on_call

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EFFECTS = ("read", "write", "post", "run")
ROLES = ("architect", "data-analyst", "quant", "developer", "frontend")


def ruled(rules, role="quant", tool="data.sql", effect="read", arguments=None, **options):
    call = Call(role, tool, effect, arguments or {}, **{"tainted": False, **options})
    return rule_on_call(call, [parse_rule(text) for text in rules]).decision


def default(role, effect, tainted, attended):
    """The table of docs/permissions.md."""
    if effect == "read":
        return "allow"
    if effect == "run" and role in {"developer", "data-analyst"}:
        return "ask" if tainted else "allow"
    return "ask" if attended else "deny"


@pytest.mark.parametrize(("role", "effect", "tainted", "attended"), list(product(ROLES, EFFECTS, (True, False), (True, False))))
def test_without_a_rule_each_role_has_its_safe_default(role, effect, tainted, attended):
    assert ruled([], role, "x.y", effect, tainted=tainted, attended=attended) == default(role, effect, tainted, attended)
    assert ruled(["*.*(*) -> allow"], role, "x.y", effect, named=False, tainted=tainted, attended=attended) == "deny"


@pytest.mark.parametrize(("role", "tainted", "attended"), list(product(ROLES, (True, False), (True, False))))
def test_a_saved_skill_is_also_the_quant_s_to_call(role, tainted, attended):
    known = default("developer" if role == "quant" else role, "run", tainted, attended)
    assert ruled([], role, "skill.run", "run", tainted=tainted, attended=attended) == known


@pytest.mark.parametrize(
    ("rule", "role", "tool", "arguments", "about"),
    [
        ("quant.data.sql(*) -> deny", "quant", "data.sql", {"query": "select 1"}, True),
        ("quant.data.sql -> deny", "quant", "data.sql", {}, True),
        ("quant.data.sql() -> deny", "quant", "data.sql", {}, True),
        ("quant.data.sql(*) → deny", "quant", "data.sql", {}, True),
        ("quant.data.sql(*) -> deny", "developer", "data.sql", {}, False),
        ("quant.data.sql(*) -> deny", "quant", "data.sqlx", {}, False),
        ("quant.data.sql(*) -> deny", "quant", "dataxsql", {}, False),
        ("*.data.*(*) -> deny", "data-analyst", "data.series", {}, True),
        ("data-analyst.recall(*) -> deny", "data-analyst", "recall", {}, True),
        ("data-*.recal?(*) -> deny", "data-analyst", "recall", {}, True),
        ("*.remember(thesis=silver-*) -> deny", "quant", "remember", {"thesis": "silver-squeeze", "text": "a"}, True),
        ("*.remember(thesis=silver-*) -> deny", "quant", "remember", {"thesis": "tin", "text": "silver-squeeze"}, False),
        ("*.remember(thesis=silver-*) -> deny", "quant", "remember", {"text": "a"}, False),
        ("*.remember(thesis=tin, text=*, really*) -> deny", "quant", "remember", {"thesis": "tin", "text": "no, really not"}, True),
        ("*.remember(thesis=tin, text=b*) -> deny", "quant", "remember", {"thesis": "tin", "text": "a"}, False),
        ("*.sandbox.run(network=false) -> deny", "developer", "sandbox.run", {"network": False}, True),
        ("*.sandbox.run(network=false) -> deny", "developer", "sandbox.run", {"network": True}, False),
        ("*.data.sql(query=select *) -> deny", "quant", "data.sql", {"query": "select a\nfrom b"}, True),
        ("*.data.sql(query=a.b) -> deny", "quant", "data.sql", {"query": "axb"}, False),
    ],
)
def test_a_pattern_is_about_what_it_says_and_nothing_else(rule, role, tool, arguments, about):
    assert matches(parse_rule(rule), Call(role, tool, "read", arguments)) is about
    assert ruled([rule], role, tool, "read", arguments) == ("deny" if about else "allow")


@pytest.mark.parametrize("decision", ["deny", "ask", "allow"])
@pytest.mark.parametrize("effect", EFFECTS)
def test_a_rule_decides_before_the_default_and_taint_raises_what_is_more_than_reading(decision, effect):
    rules = [f"quant.x.y(*) -> {decision}"]
    assert ruled(rules, tool="x.y", effect=effect) == decision
    assert ruled(rules, tool="x.y", effect=effect, attended=False) == decision
    raised = "ask" if decision == "allow" and effect != "read" else decision
    assert ruled(rules, tool="x.y", effect=effect, tainted=True) == raised


def test_of_rules_that_do_not_deny_the_first_decides():
    assert ruled(["quant.data.sql(*) -> ask", "*.*(*) -> allow"]) == "ask"
    assert ruled(["*.*(*) -> allow", "quant.data.sql(*) -> ask"]) == "allow"


@given(
    st.permutations(["*.*(*) -> allow", "quant.*(*) -> ask", "quant.data.sql(*) -> deny", "*.data.sql(query=*) -> allow"]), st.booleans()
)
def test_deny_wins_wherever_it_stands(rules, tainted):
    assert ruled(rules, arguments={"query": "select 1"}, tainted=tainted) == "deny"


@pytest.mark.parametrize(
    "text",
    ["", "quant -> allow", "quant.data.sql(*)", "quant.data.sql(*) -> maybe", "Quant.data.sql(*) -> allow", "quant.data.sql(*) -> allow; x",
     "quant.data.sql(select) -> allow", "quant.data.sql(sha256:12) -> allow", ".data(*) -> allow"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(PermissionRuleError):
        parse_rule(text)


def test_a_rule_for_one_call_holds_for_that_call_alone_though_the_turn_is_tainted():
    arguments = {"code": "print(1)"}
    rule = exact_rule("developer", "sandbox.run", digest_of("sandbox.run", arguments))
    assert ruled([rule], "developer", "sandbox.run", "run", arguments, tainted=True) == "allow"
    assert ruled([rule], "developer", "sandbox.run", "run", {"code": "print(2)"}, tainted=True) == "ask"
    assert ruled([rule], "quant", "sandbox.run", "run", arguments, tainted=True) == "ask"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.data())
def test_one_changed_byte_changes_the_fingerprint_and_the_order_of_names_does_not(arguments, data):
    whole = digest_of("sandbox.run", arguments)
    assert digest_of("sandbox.run", dict(reversed(arguments.items()))) == whole
    name = data.draw(st.text())
    if name not in arguments:
        assert digest_of("sandbox.run", {**arguments, name: ""}) != whole
    code = data.draw(st.text(min_size=1))
    assert digest_of("x", {"code": code}) != digest_of("x", {"code": code + " "})
    assert digest_of("x", {"a": 1}) != digest_of("x", {"a": True}) != digest_of("x", {"a": "true"})
    assert digest_of("y", arguments) != whole


class Gate:
    """The gate of a role that may keep notes, with the rows it writes."""

    def __init__(self, database: Database, rules=()) -> None:
        self.now = NOW
        self.rules = list(rules)
        self.journal = Journal(database, lambda: self.now)
        self.requests = PermissionRequests(database)
        self.gate = ToolGate(lambda: [parse_rule(text) for text in self.rules], self.requests, self.journal, lambda: self.now)
        self.role = Role(**{**roles(None)["quant"].__dict__, "tools": ("recall", "remember")})

    def ask(self, text="a note", run_id="run-1", tool="remember", tainted=True):
        return self.gate(self.role, tools()[tool], {"text": text}, run_id, tainted)

    def pending(self):
        return self.requests.requests("pending")


@pytest.fixture
def gate(tmp_path):
    database = Database(tmp_path / "desk.db")
    yield Gate(database)
    database.close()


def test_a_question_stands_once_and_a_yes_is_for_one_call_of_the_same_bytes(gate):
    assert "asked for" in gate.ask()
    assert "asked for" in gate.ask()
    (item,) = gate.pending()
    assert question(item) == "May quant call remember? No rule is about it, and it does not only read but writes."
    gate.requests.decide(item.id, "once", "Ada", NOW)
    assert "asked for" in gate.ask("a note.")
    assert gate.ask() == ""
    assert "asked for" in gate.ask()
    decisions = gate.requests.decisions("run-1")
    assert [row.decision for row in decisions] == ["ask", "ask", "ask", "allow", "ask"]
    assert f"Ada approved exactly this call ({item.id}, once)" in decisions[3].reason


def test_a_yes_for_a_quarter_of_an_hour_ends(gate):
    gate.ask()
    gate.requests.decide(gate.pending()[0].id, "minutes", "Ada", NOW)
    gate.now = NOW + timedelta(minutes=15)
    assert gate.ask() == gate.ask(run_id="run-2") == ""
    gate.now = NOW + timedelta(minutes=15, seconds=1)
    assert "asked for" in gate.ask()


def test_a_yes_for_a_run_is_for_that_run(gate):
    gate.ask()
    gate.requests.decide(gate.pending()[0].id, "run", "Ada", NOW)
    assert gate.ask() == gate.ask() == ""
    assert "asked for" in gate.ask(run_id="run-2")


def test_a_yes_for_good_is_the_rule_and_ends_with_it(gate):
    gate.ask()
    item = gate.requests.decide(gate.pending()[0].id, "good", "Ada", NOW)
    gate.rules = [exact_rule(item.role, item.tool, item.digest)]
    assert gate.ask(run_id="run-9") == ""
    gate.rules = []
    assert "asked for" in gate.ask(run_id="run-9")


def test_a_no_is_not_asked_again_in_its_run(gate):
    gate.ask()
    gate.requests.decide(gate.pending()[0].id, "", "Ada", NOW)
    assert "refused by a person" in gate.ask()
    assert gate.pending() == []
    assert gate.requests.decisions()[-1].decision == "deny"


def test_a_yes_does_not_beat_a_rule_that_denies(gate):
    gate.ask()
    gate.requests.decide(gate.pending()[0].id, "run", "Ada", NOW)
    gate.rules = ["*.remember(*) -> deny"]
    assert "not permitted" in gate.ask()


def test_a_question_is_answered_once(gate):
    gate.ask()
    (item,) = gate.pending()
    gate.requests.decide(item.id, "once", "Ada", NOW)
    with pytest.raises(ConflictError, match="approved already, by Ada"):
        gate.requests.decide(item.id, "", "Bob", NOW)
    with pytest.raises(NotFoundError):
        gate.requests.decide("nothing", "", "Bob", NOW)


def test_in_a_scheduled_run_nobody_is_asked_what_no_rule_is_about(gate):
    gate.journal.enqueue(NewRun("nightly", "research", NOW, {"theses": [], "schedule": "morning"}, "1"))
    assert "nobody is present" in gate.ask(run_id="nightly")
    assert gate.pending() == []
    assert gate.ask(run_id="nightly", tool="recall") == ""


def test_decisions_are_never_changed(gate):
    from sqlalchemy import text
    from sqlalchemy.exc import DatabaseError

    gate.requests.record(Wanted("r", "quant", "remember", {}, "0" * 64), ("deny", "no"), NOW, tainted=True)
    for words in ("UPDATE permission_decisions SET decision = 'allow'", "DELETE FROM permission_decisions"):
        with pytest.raises(DatabaseError, match="append-only"), gate.requests._database.writing() as connection:
            connection.execute(text(words))


def test_the_tables_are_the_same_on_both_databases(database):
    gate = Gate(database)
    gate.ask()
    (item,) = gate.pending()
    gate.requests.decide(item.id, "once", "Ada", NOW)
    assert gate.ask() == ""
    assert gate.requests.requests("used")[0].arguments == {"text": "a note"}


def test_a_tool_that_reads_the_desk_taints_what_the_same_turn_does_next():
    seen = []

    def permit(role, item, arguments, run_id, tainted):
        seen.append((item.name, tainted))
        return "no"

    role = Role(**{**roles(None)["quant"].__dict__, "tools": ("quant.runway", "remember", "recall")})
    bench = type("Bench", (), {"run_id": "run-1"})()
    use = ToolUse(role, bench, ToolAccess(permit), tainted=False)
    for name in ("quant.runway", "remember", "sandbox.run"):
        use.run([ToolCall(id="1", name="call", arguments={"tool": name, "arguments": {}})])
    assert seen == [("quant.runway", False), ("remember", False)]
    assert len(use.refused) == 2


def test_what_was_decided_in_a_run_is_decided_again_in_order_and_nobody_is_asked(gate):
    gate.journal.start("run-1", "research", NOW, {}, "1")
    told = []

    def ask(text, **options):
        gate.now += timedelta(minutes=1)
        told.append((text, options, gate.ask(text, **options)))

    ask("waits")
    gate.requests.decide(gate.pending()[0].id, "once", "Ada", gate.now)
    ask("waits")
    ask("waits")  # the yes is used up: a new question
    ask("refused")
    gate.requests.decide(gate.pending()[-1].id, "", "Ada", gate.now)
    ask("refused")
    gate.rules = ["quant.remember(*) -> deny"]
    ask("forbidden")
    gate.rules = ["quant.remember(*) -> allow"]
    asked, kept = gate.requests.requests(), KeptGate(gate.requests, "run-1")
    gate.gate = kept
    assert [gate.ask(text, **options) for text, options, _ in told] == [answer for _, _, answer in told]
    assert [answer == "" for _, _, answer in told] == [False, True, False, False, False, False]
    assert gate.requests.requests() == asked
    assert "differs" in gate.ask("another note")
    assert gate.ask("anything", tool="recall") == ""
