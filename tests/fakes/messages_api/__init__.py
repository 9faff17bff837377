"""A loopback server that speaks the Messages API: scripted answers, honest usage and bill, faults, local profiles.

script = Script(reply(tool_use("recall", {"query": "oil"})), "Brent is 71.20.", then=echo)
with MessagesServer(script, faults=at(2, faults.overloaded()), latency=0.2) as server:
    ...  # a client with base_url=server.url
assert server.unused() == []
assert server.bill.cache_share() > 0.75
assert ledger_usd == pytest.approx(server.bill_usd(PRICES))
"""

from tests.fakes.messages_api import faults
from tests.fakes.messages_api.answers import MessagesApi, messages_api
from tests.fakes.messages_api.brains import echo
from tests.fakes.messages_api.faults import EVERY, Fault, at, by_rate
from tests.fakes.messages_api.profiles import CLAUDE, PROFILES, Facts, Profile, profile
from tests.fakes.messages_api.script import Call, Reply, Script, cite_document, cite_search_result, refusal, reply, text, thinking, tool_use
from tests.fakes.messages_api.server import MessagesServer, Request
from tests.fakes.messages_api.usage import Usage

__all__ = [
    "CLAUDE", "EVERY", "PROFILES", "Call", "Facts", "Fault", "MessagesApi", "MessagesServer", "Profile", "Reply", "Request", "Script", "Usage",
    "at", "by_rate", "cite_document", "cite_search_result", "echo", "faults", "messages_api", "profile", "refusal", "reply", "text",
    "thinking", "tool_use",
]  # fmt: skip
