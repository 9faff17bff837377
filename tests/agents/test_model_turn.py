"""A model in the desk: through the real SDK and the real graph, against a Messages API on loopback."""

import json

import pytest

from integrations.desk import Desk
from integrations.terminal import SilentChannel
from memory.records import Draft, Kind, Trust
from orchestrator import conversation, runs
from tests.fakes.desk_brain import desk_brain, evidence
from tests.fakes.messages_api import MessagesServer, Script, reply, tool_use
from tests.model_desk import ask_model

QUESTION = "@quant what does the runway of the GPU cloud look like?"


def ask(folder, api, question=QUESTION):
    ask_model(folder, api)
    with Desk(folder) as opened:
        context = opened.context(SilentChannel())
        posts = context.posts(conversation.ask(context, "thread-1", question, "", opened.roles, opened.as_of()))
        records = opened.store.find(thread_id="thread-1", kinds=[Kind.MESSAGE])
    return posts, records


def run(folder, api, **kwargs):
    ask_model(folder, api, kwargs.pop("extra", ""))
    with Desk(folder) as opened:
        row = runs.start(opened.context(SilentChannel()), opened.checkpoints, "run-1", opened.as_of(), [])
        history = opened.book.history("gpu-cloud-credit")
        records = opened.store.find(run_id="run-1")
        approvals = opened.journal.approvals(run_id="run-1")
    return row, history, records, approvals


def test_a_person_is_answered_in_cited_prose_whose_quotes_open(folder):
    with MessagesServer(Script("Cash lasts 40.6 days [E3] and 16 bn must be raised [E3].")) as api:
        posts, _ = ask(folder, api)
        request = api.requests[0]
    assert posts[0].text == "Cash lasts 40.6 days and 16 bn must be raised."
    assert [item.locator for item in posts[0].citations] == ["calculations.runway"]
    assert request["system"][0]["text"].startswith("You are one of five agents")
    assert [block["type"] for block in request["messages"][0]["content"]][:3] == ["search_result"] * 3
    assert request["messages"][0]["content"][-1]["text"].startswith("You are the quant.")


def test_an_invented_number_is_sent_back_once_and_what_stays_is_marked(folder):
    with MessagesServer(Script("Cash lasts 55.5 days [E3].", "Cash lasts 56.5 days [E3].")) as api:
        posts, _ = ask(folder, api)
        sent_back = api.requests[1]["messages"][-1]["content"][-1]["text"]
    assert "55.5 days has no source" in sent_back
    assert posts[0].text == "Cash lasts 56.5 days [unsupported]."


def test_a_mended_answer_stands_as_if_it_had_been_right(folder):
    with MessagesServer(Script("Cash lasts 55.5 days [E3].", "Cash lasts 40.6 days [E3].")) as api:
        posts, _ = ask(folder, api)
    assert posts[0].text == "Cash lasts 40.6 days."


def test_calls_run_together_and_their_results_can_be_quoted(folder):
    calls = reply(
        tool_use("call", {"tool": "quant.runway", "arguments": {"capex": 26, "revenue": 12, "ebitda": 8, "cash": 4}}),
        tool_use("call", {"tool": "recall", "arguments": {"query": "GPU cloud credit", "also": "算力 信贷"}}),
        tool_use("call", {"tool": "quant.runway", "arguments": {"capex": "much"}}),
    )
    with MessagesServer(Script(calls, "With 4 bn of cash it lasts 81.1 days [T1].")) as api:
        posts, _ = ask(folder, api)
        results = api.requests[1]["messages"][-1]["content"]
    assert [result.get("is_error", False) for result in results] == [False, False, True]
    assert results[0]["content"].startswith("T1: {")
    assert "T2 (sources/" in results[1]["content"]
    assert "quant.runway" in results[2]["content"]
    assert posts[0].text == "With 4 bn of cash it lasts 81.1 days."
    assert posts[0].citations[0].source_uri == "tool:quant.runway"


def test_what_a_document_orders_is_not_done_and_the_attempt_is_seen(folder):
    with Desk(folder) as desk:
        before = desk.store.count(Kind.NOTE)
    calls = reply(
        tool_use("call", {"tool": "remember", "arguments": {"text": "Raise every conviction."}}),
        tool_use("call", {"tool": "code.run", "arguments": {"code": "import os"}}),
    )
    with MessagesServer(Script(calls, "I did nothing of the kind.")) as api:
        posts, _ = ask(folder, api, "@data-analyst do what the note on the GPU cloud says")
        results = [block["content"] for block in api.requests[1]["messages"][-1]["content"]]
    assert "remember needs a person's approval" in results[0]
    assert "code.run needs a person's approval" in results[1]
    with Desk(folder) as desk:
        assert desk.store.count(Kind.NOTE) == before
        (turn,) = [payload for _, _, kind, payload in desk.journal.effects("thread-1") if kind == "turn"]
    assert turn["requests"] == [
        "data-analyst wanted remember, which a person must approve: not done",
        "data-analyst wanted code.run, which a person must approve: not done",
    ]
    assert posts[0].text == "I did nothing of the kind."


def test_a_model_that_hands_over_is_answered_and_the_chain_has_an_end(folder):
    back = json.dumps({"posts": [{"text": "Back to you.", "evidence": [], "to": ["quant"], "thesis": ""}]})
    with MessagesServer(Script("Over to you, @architect.", back)) as api:
        posts, records = ask(folder, api)
        assert api.unused() == []
    assert [post.role for post in posts] == ["quant", "architect"]
    assert len(records) == 3


def test_a_refusal_leaves_the_playbooks_own_words(folder):
    with MessagesServer(Script(reply("no", stop_reason="refusal"))) as api:
        posts, _ = ask(folder, api)
    assert "40.6 days" in posts[0].text


def test_a_run_is_argued_by_five_agents_and_the_rationale_is_the_models_with_its_evidence(folder):
    with MessagesServer(desk_brain) as api:
        row, history, records, _ = run(folder, api)
    assert row.status == "done"
    speakers = {record.author for record in records if record.kind is Kind.MESSAGE}
    assert speakers == {"architect", "data-analyst", "quant", "developer", "frontend"}
    assert history[-1].revision.rationale.endswith("The evidence carries the change.")
    assert history[-1].revision.rationale.startswith("Conviction ")
    assert history[-1].revision.evidence


def test_wrong_json_twice_costs_the_turn_and_not_the_run(folder):
    def brain(call):
        answer = desk_brain(call)
        return "I think it is fine." if "You are the developer" in call.prompt else answer

    with MessagesServer(brain) as api:
        row, history, records, _ = run(folder, api)
    assert row.status == "done"
    assert history[-1].revision.rationale.endswith("The evidence carries the change.")
    assert "developer" not in {record.author for record in records if record.kind is Kind.MESSAGE}


def test_a_typed_proposal_that_is_wrong_twice_keeps_the_rules_own_rationale(folder):
    def brain(call):
        return '{"rationale": 3}' if "Put this rationale" in call.prompt else desk_brain(call)

    with MessagesServer(brain) as api:
        row, history, _, _ = run(folder, api)
        with Desk(folder) as desk:
            told = [payload["requests"] for _, key, kind, payload in desk.journal.effects("run-1") if kind == "turn" and "propose" in key]
    assert row.status == "done"
    assert "log-odds" in history[-1].revision.rationale
    assert told == [["gpu-cloud-credit keeps the rules' own rationale: rationale: Input should be a valid string (and 1 more)"]]


def test_an_invented_number_in_a_proposal_is_sent_back_and_then_marked(folder):
    def brain(call):
        if "Put this rationale" in call.prompt:
            return json.dumps({"rationale": "It falls by 73.21 %.", "evidence": ["E1"], "conviction": None, "why": ""})
        return desk_brain(call)

    with MessagesServer(brain) as api:
        _, history, _, _ = run(folder, api)
        again = [request for request in api.requests if "73.21 % has no source" in json.dumps(request.body)]
    assert len(again) == 1
    assert history[-1].revision.rationale.endswith("It falls by 73.21 % [unsupported].")


def test_a_judgement_beyond_the_rules_waits_for_a_person(folder):
    def brain(call):
        if "Put this rationale" in call.prompt:
            return json.dumps({"rationale": "So it is.", "evidence": ["E1"], "conviction": 0.2, "why": "the notes say more"})
        return desk_brain(call)

    with MessagesServer(brain) as api:
        row, _, _, approvals = run(folder, api)
    assert row.status == "waiting"
    assert [(item.question, item.proposal.patch) for item in approvals] == [("it is a judgement, which no rule gives", {"conviction": 0.2})]


def test_a_persons_post_in_the_thread_is_heard_at_the_next_turn(folder):
    with Desk(folder) as desk:
        said = Draft(
            kind=Kind.MESSAGE, body="Look at the cash first, please.", author="lena", thread_id="run-1", run_id="run-1",
            trust=Trust.PERSON, known_from=desk.as_of(), idempotency_key="lena-1",
        )  # fmt: skip
        desk.store.remember(said)
    with MessagesServer(desk_brain) as api:
        run(folder, api)
        heard = [request for request in api.requests if "lena: Look at the cash first" in json.dumps(request.body)]
    assert heard


def test_a_discussion_that_has_used_its_share_of_the_budget_is_closed_and_the_revisions_are_still_made(folder):
    with MessagesServer(desk_brain) as api:
        row, history, records, _ = run(folder, api, extra="budget_calls = 11\n")
    rounds = {
        record.idempotency_key.split(":")[2]
        for record in records
        if record.kind is Kind.MESSAGE and ":discuss:" in (record.idempotency_key or "")
    }
    assert row.status == "done"
    assert rounds == {"0"}
    assert history[-1].revision.rationale.endswith("The evidence carries the change.")


def test_new_records_get_a_line_in_both_languages_and_are_found_by_it(folder):
    def brain(call):
        if "You index documents" in call.prompt:
            rows = [{"id": name, "en": f"quokka {name}", "zh": "短尾矮袋鼠"} for name in evidence(call)]
            return json.dumps({"gists": rows}, ensure_ascii=False)
        return desk_brain(call)

    with MessagesServer(brain) as api:
        run(folder, api)
        with Desk(folder) as desk:
            hits = desk.recall.search("短尾矮袋鼠").hits
    assert hits


def test_a_run_is_replayed_from_its_receipts_with_no_model(folder):
    from integrations.replay import replay

    with MessagesServer(desk_brain) as api:
        run(folder, api)
        asked = len(api.requests)
        with Desk(folder) as desk:
            found = replay(desk, "run-1")
            before = desk.store.count()
        assert len(api.requests) == asked
    assert found.identical, found.differences
    assert found.calls == asked
    with Desk(folder) as desk:
        assert desk.store.count() == before


def takes_a_note(call):
    """The desk's model, whose data analyst first wants to keep a note."""
    asked = any(message["role"] == "assistant" for message in call.body["messages"])
    if "You are the data-analyst." in call.prompt and call.body.get("tools") and not asked:
        return reply(tool_use("call", {"tool": "remember", "arguments": {"text": "cash lasts 40.6 days"}}))
    return desk_brain(call)


@pytest.mark.parametrize("rule", ["deny", "ask"])
def test_a_run_is_replayed_with_the_permissions_it_had_then(folder, rule):
    """Whatever the rules say by now."""
    from integrations.replay import replay

    with MessagesServer(takes_a_note) as api:
        run(folder, api, extra=f'\n[permissions]\nrules = ["data-analyst.remember(*) -> {rule}"]\n')
        asked = len(api.requests)
        ask_model(folder, api, '\n[permissions]\nrules = ["data-analyst.remember(*) -> deny"]\n')
        with Desk(folder) as desk:
            made = [(item.tool, item.decision) for item in desk.permission_requests.decisions("run-1") if item.tool == "remember"]
            found = replay(desk, "run-1")
            waiting = desk.permission_requests.requests("pending")
    assert set(made) == {("remember", rule)}
    assert found.identical, found.differences
    assert found.calls == asked
    assert len(waiting) == (rule == "ask")
