"""What an endpoint can do is found out in three requests, and evidence reaches the model under every profile."""

import json

import pytest

from agents.answers import Posts, schema_of
from agents.model import Passage
from integrations.models.capabilities import CapabilityFile
from tests.fakes.messages_api import MessagesServer, echo, profile, reply, tool_use
from tests.integrations.models.conftest import prompt

EVIDENCE = (Passage(id="E1", source="a.md", text="The code is plover."),)


def honest(call):
    """A model that says what it sees, gives JSON when bound to it, and calls a tool when asked."""
    if call.schema is not None:
        return json.dumps({"colour": "blue"}) if "colour" in call.schema.get("properties", {}) else echo(call)
    if "Call report" in call.prompt:
        return reply(tool_use("report", {"value": 7}))
    if "code word" in call.prompt:
        return "quokka-4417" if "quokka-4417" in call.prompt else "none"
    if "clear sky" in call.prompt:
        return "Blue."
    return "I see plover." if "plover" in call.prompt else "I see nothing."


EXPECTED = {
    "anthropic": ("blocks", "format", True, True), "ollama": ("text", "tool", True, False), "llamacpp": ("text", "tool", True, False),
    "vllm": ("text", "format", True, False), "lmstudio": ("text", "tool", True, False),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_three_requests_tell_what_an_endpoint_can_do_and_the_desk_keeps_it(client, tmp_path, name):
    with MessagesServer(honest, profile=name, models=("local",)) as api:
        model = client(api, name="local", endpoint="auto")
        found = model.capabilities()
        again = model.capabilities()
        assert len(api.requests) == 3
    kept = CapabilityFile(tmp_path / "capabilities").all()
    assert kept == [found] == [again]
    assert found.evidence == EXPECTED[name][0]
    assert found.tools is True
    assert found.structure in {"format", "tool"}


@pytest.mark.parametrize("name", EXPECTED)
def test_evidence_reaches_the_model_under_every_profile(client, name):
    with MessagesServer(honest, profile=name, models=("local",)) as api:
        (answer,) = client(api, name="local", endpoint="auto").complete_all([prompt(passages=EVIDENCE, cite=True)])
    assert answer.text == "I see plover."


@pytest.mark.parametrize("name", EXPECTED)
def test_a_form_is_had_from_every_profile_by_the_means_it_has(client, name):
    def brain(call):
        if "Say it" not in call.prompt:
            return honest(call)
        tool = next((tool for tool in call.body.get("tools", []) if tool["name"] == "answer"), None)
        return reply(tool_use("answer", {"posts": []})) if tool else '{"posts": []}'

    with MessagesServer(brain, profile=name, models=("local",)) as api:
        (answer,) = client(api, name="local", endpoint="auto").complete_all([prompt("Say it.", schema_=schema_of(Posts))])
    assert Posts.model_validate_json(answer.text) == Posts(posts=[])


def test_dropping_in_silence_is_noticed_and_told(client):
    with MessagesServer(honest, profile="llamacpp", models=("local",)) as api:
        found = client(api, name="local", endpoint="auto").capabilities()
    assert any("dropped without an error" in note for note in found.notes)


def test_an_endpoint_that_gives_no_usage_is_still_read(client, journal):
    with MessagesServer(honest, profile=profile("ollama", usage=False), models=("local",)) as api:
        (answer,) = client(api, name="local", endpoint="auto").complete_all([prompt(passages=EVIDENCE)])
    assert answer.text == "I see plover."
    assert journal.receipts("run-1")[0]["usage"]["output_tokens"] > 0


def test_anthropics_own_endpoint_is_not_asked_what_it_can_do(client):
    with MessagesServer(honest) as api:
        found = client(api).capabilities()
        assert api.requests == []
    assert (found.evidence, found.structure, found.cache) == ("blocks", "format", True)
