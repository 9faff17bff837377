import pytest

from memory.thesis import Proposal, Thesis
from orchestrator.permissions import GateRules, rule_on

RULES = GateRules(conviction_step=0.10)
ACTIVE = Thesis(slug="t", title="T", claim="c", stance="long", conviction=0.5)
CHALLENGED = ACTIVE.model_copy(update={"status": "challenged"})
CHALLENGED = Thesis(**{**ACTIVE.model_dump(), "status": "challenged"})


@pytest.mark.parametrize(
    ("thesis", "patch", "decision"),
    [
        (ACTIVE, {"conviction": 0.6}, "allow"), (ACTIVE, {"conviction": 0.4, "applied": {}}, "allow"), (ACTIVE, {"conviction": 0.601}, "ask"),
        (ACTIVE, {"conviction": 0.3}, "ask"), (ACTIVE, {"status": "challenged"}, "allow"), (ACTIVE, {"status": "closed"}, "ask"),
        (ACTIVE, {"status": "challenged", "stance": "short"}, "ask"), (ACTIVE, {"stance": "short"}, "ask"), (ACTIVE, {"positions": []}, "ask"),
        (ACTIVE, {"claim": "other"}, "ask"), (CHALLENGED, {"conviction": 0.5}, "ask"), (CHALLENGED, {"status": "active"}, "ask"),
    ],
)  # fmt: skip
def test_only_small_moves_and_a_challenge_pass_without_a_person(thesis, patch, decision):
    ruling = rule_on(Proposal(thesis="t", against="", author="a", patch=patch, rationale="r"), thesis, RULES)
    assert ruling.decision == decision
    assert ruling.reason
