"""What reaches a model, word for word: a change of a prompt is a change of the product, and is read like one."""

from datetime import UTC, date, datetime

import pytest
from inline_snapshot import snapshot

from agents.answers import Posts, Revised, schema_of
from agents.briefing import RULES, VERSION, assignment, channel, equipped, revision_task, shared, typed_task
from agents.role import roles
from agents.tool import tools
from agents.tool_use import catalogue
from agents.turn import Post, Task
from memory.book import Book
from memory.thesis import Approval, Proposal, Stance, Thesis

AS_OF = datetime(2026, 4, 7, 23, 59, tzinfo=UTC)


@pytest.fixture
def entry(book: Book):
    thesis = Thesis(
        slug="tin",
        title="Tin",
        claim="Tin doubles by 2027.",
        stance=Stance.LONG,
        conviction=0.55,
        drivers=("supply",),
        opened=date(2026, 1, 8),
    )
    proposal = Proposal(thesis="tin", against="", author="desk", patch=thesis.model_dump(mode="json"), rationale="opened")
    book.commit(proposal, Approval(by="desk", at=AS_OF), AS_OF)
    return book.get("tin")


def test_the_shared_part_begins_with_the_rules_and_ends_with_the_book(entry):
    text = shared([entry], AS_OF, "- recall(query): Find.")
    assert text.startswith(RULES)
    assert text[len(RULES) :] == snapshot("""\

The desk's tools, each called through `call` by the roles that have it:
- recall(query): Find.
As of 2026-04-07. The theses of this run:
- tin: Tin doubles by 2027. [long, conviction 0.55, active; drivers supply]\
""")


def test_the_rules_are_short_and_their_version_is_raised_with_them():
    import hashlib

    assert len(RULES.split()) < 280
    assert (VERSION, hashlib.sha256(RULES.encode()).hexdigest()[:12]) == snapshot(("2", "afbc33948bc1"))


def test_a_role_is_told_who_it_is_last_and_only_its_own_tools():
    known = roles()
    assert equipped(known["developer"]) == snapshot("""\
You are the developer. You build what the tools lack. Before you write code, look for a tool or a skill that does it.
Write a small pure function with a docstring, units and a test; state its inputs and their as-of.
What others will need again you save as a skill; a test that cannot fail proves nothing.
Report what failed and why, and which data or permission would unblock it.
Your tools: recall, read, thesis.get, data.series, data.sql, code.run, skill.list, skill.run, skill.save, skill.check.\
""")


def test_every_tool_of_a_role_exists_and_stands_in_the_shared_list():
    known = roles()
    listed = catalogue(known)
    for role in known.values():
        assert [name for name in role.tools if name not in tools()] == []
        assert [name for name in role.tools if f"- {name}(" not in listed] == []


def test_what_is_asked_of_a_step_is_said_in_its_words():
    asked = {
        "work": assignment(Task(step="work", role="quant")), "discuss": assignment(Task(step="discuss", role="quant")),
        "close": assignment(Task(step="discuss", role="architect")), "answer": assignment(Task(step="answer", role="quant", question="What of tin?")),
        "revision": revision_task("tin", "Conviction 0.55 → 0.60"), "typed": typed_task("tin", "It rose [E1].", ["E1"]),
    }  # fmt: skip
    assert asked == snapshot(
        {
            "work": 'Say what the evidence means for each thesis that it touches, most important first. Answer with one JSON object and nothing else: {"posts": [{"text", "evidence": [ids], "to": [roles], "thesis": slug}]}. At most three posts of at most 80 words; an empty list when you have nothing to add.',
            "discuss": 'Answer what was put to you, or object with evidence. Answer with one JSON object and nothing else: {"posts": [{"text", "evidence": [ids], "to": [roles], "thesis": slug}]}. At most three posts of at most 80 words; an empty list when you have nothing to add.',
            "close": 'Close the discussion: settle what the evidence settles, and name what stays disputed and what would settle it. Answer with one JSON object and nothing else: {"posts": [{"text", "evidence": [ids], "to": [roles], "thesis": slug}]}. At most three posts of at most 80 words; an empty list when you have nothing to add.',
            "answer": """\
A person asks: What of tin?
Answer in at most 150 words of plain prose, the answer first. Look up what you need: recall takes the question and, as `also`, the same question in the other language.\
""",
            "revision": """\
Write the rationale of the revision of tin: what changed, what it means, what speaks against it, what to watch. At most 120 words of prose, each statement with its ids in square brackets.
What the rules give: Conviction 0.55 → 0.60\
""",
            "typed": """\
Put this rationale for tin into one JSON object and nothing else: {"rationale", "evidence": [ids], "conviction": number or null, "why"}. conviction is null unless evidence that no rule reads moves it; a person decides about that.
Ids there are: E1.
<rationale>
It rose [E1].
</rationale>\
""",
        }
    )


def test_the_channel_shows_the_newest_posts_and_who_said_them():
    posts = [Post(role="quant", text=f"post {number}") for number in range(20)]
    assert channel(posts).splitlines()[1] == "quant: post 4"
    assert channel([]) == ""


def test_schemas_close_every_object_so_that_an_output_format_takes_them():
    for form in (Posts, Revised):
        schema = schema_of(form)
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])
        assert "$ref" not in str(schema)
