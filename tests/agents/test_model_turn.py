"""A model in the desk: through the real SDK and the real graph, against a Messages API on loopback."""

import json

import pytest

from integrations.desk import Desk
from integrations.terminal import SilentChannel
from memory.records import Kind
from orchestrator import conversation
from tests.acceptance.conftest import make_small
from tests.fakes.messages_api import messages_api

QUESTION = "@quant what does the runway of the GPU cloud look like?"


@pytest.fixture
def desk(tmp_path):
    made = make_small(tmp_path / "desk", ("gpu-cloud-credit",), ("gpu",)).desk
    with Desk(made) as opened:
        opened.library.refresh(lambda _text: None)
        opened.drain_index()
    return made


def ask(folder, api):
    toml = folder / "stoa.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + f'\n[model]\nname = "claude-opus-4-5"\nbase_url = "{api.url}"\n', encoding="utf-8")
    with Desk(folder) as opened:
        context = opened.context(SilentChannel())
        posts = context.posts(conversation.ask(context, "thread-1", QUESTION, "", opened.roles, opened.as_of()))
        kinds = [record.kind for record in opened.store.find(thread_id="thread-1")]
    return posts, kinds


def said(text, *evidence, to=()):
    return json.dumps({"posts": [{"text": text, "evidence": list(evidence), "to": list(to)}]})


def test_a_model_gets_the_rules_and_the_evidence_as_numbered_text_and_its_quotes_open(desk):
    with messages_api(said("Cash lasts 40.6 days and 16 bn must be raised.", "E1", "E2", "E3")) as api:
        posts, _ = ask(desk, api)
    shared = api.requests[0]["system"][0]["text"]
    assert shared.startswith("Rules of the desk.")
    assert "E3 (theses/gpu-cloud-credit.yaml calculations.runway)" in shared
    assert api.requests[0]["messages"][0]["content"].startswith("You are the quant.")
    assert posts[0].text == "Cash lasts 40.6 days and 16 bn must be raised."
    assert [item.locator for item in posts[0].citations] == ["calculations.merton", "calculations.band", "calculations.runway"]


def test_an_invented_number_is_marked_before_anybody_reads_it(desk):
    with messages_api(said("Cash lasts 55.5 days.", "E3")) as api:
        posts, _ = ask(desk, api)
    assert posts[0].text == "Cash lasts 55.5 days [unsupported]."


def test_a_wrong_answer_is_sent_back_once_with_the_reason(desk):
    with messages_api("I think it is fine.", said("Cash lasts 40.6 days.", "E3")) as api:
        posts, _ = ask(desk, api)
    assert "it holds no JSON object" in api.requests[1]["messages"][0]["content"]
    assert posts[0].text == "Cash lasts 40.6 days."


def test_two_wrong_answers_leave_the_playbooks_own_words(desk):
    with messages_api("no", '{"posts": 3}') as api:
        posts, _ = ask(desk, api)
    assert "40.6 days" in posts[0].text


def test_a_model_that_hands_over_is_answered_and_the_chain_has_an_end(desk):
    answers = [said("Over to you.", to=["architect"]), said("Back to you.", to=["quant"])]
    with messages_api(*answers) as api:
        posts, kinds = ask(desk, api)
    assert [post.role for post in posts] == ["quant", "architect"]
    assert kinds.count(Kind.MESSAGE) == 3
    assert api.answers == []
