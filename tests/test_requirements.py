"""Each promise has a test that exists; each test that a promise names is one that can be run."""

import re
from pathlib import Path

import pytest

from tests.requirements import PROMISES

TESTS = Path(__file__).parent


@pytest.mark.parametrize("name", PROMISES)
def test_every_promise_names_tests_that_exist(name):
    sentence, proofs = PROMISES[name]
    assert sentence.endswith(".")
    assert proofs
    for proof in proofs:
        path, function = proof.split("::")
        assert re.search(rf"^def {function}\(", (TESTS / path).read_text(encoding="utf-8"), re.MULTILINE), proof


def test_no_proof_serves_two_promises():
    named = [proof for _, proofs in PROMISES.values() for proof in proofs]
    assert len(named) == len(set(named))
