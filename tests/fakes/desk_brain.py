"""A model that does its job on the desk: posts on evidence it can see, one tool call, cited prose, typed proposals."""

import json
import re

from tests.fakes.messages_api import Call, Reply, reply, tool_use

_EVIDENCE = re.compile(r"\[(E\d+)\] \(([^)]*)\) (\".*?\")(?=\n|$)")


def desk_brain(call: Call) -> Reply:
    """Answer by what is asked for: the words of the task decide."""
    prompt = call.prompt
    seen = evidence(call)
    if "Put this rationale" in prompt:
        names = re.search(r"Ids there are: ([^\n.]*)", prompt)
        first = (names[1].split(", ") if names else [""])[0]
        return reply(json.dumps({"rationale": "The evidence carries the change.", "evidence": [first], "conviction": None, "why": ""}))
    if "Write the rationale" in prompt:
        return reply(f"The evidence carries the change [{next(iter(seen), 'E1')}].")
    if "You index documents" in prompt:
        rows = [{"id": name, "en": f"About {name}", "zh": f"关于 {name}"} for name in seen]
        return reply(json.dumps({"gists": rows}, ensure_ascii=False))
    if "A person asks" in prompt:
        return reply(f"It is so [{next(iter(seen), 'E1')}].")
    return _posts(call, seen)


def evidence(call: Call) -> dict[str, str]:
    """Ids and texts of the evidence that reached the model, as text or as blocks."""
    found = {match[1]: json.loads(match[3]) for match in _EVIDENCE.finditer(call.prompt)}
    return found | {item.title: "".join(item.parts) for item in call.evidence}


def _posts(call: Call, seen: dict[str, str]) -> Reply:
    role = re.search(r"You are the ([a-z-]+)\.", call.prompt)
    name = role[1] if role else ""
    asked = any(message["role"] == "assistant" for message in call.body["messages"])
    if name == "quant" and "Say what the evidence means" in call.prompt and not asked and call.body.get("tools"):
        arguments = {"capex": 26, "revenue": 12, "ebitda": 8, "cash": 2}
        return reply(tool_use("call", {"tool": "quant.runway", "arguments": arguments}))
    first = next(iter(seen), "")
    to = ["quant"] if name == "data-analyst" and "Say what" in call.prompt else []
    text = f"As {name} I read [{first}] as support." if first else f"As {name} I have nothing against it."
    return reply(json.dumps({"posts": [{"text": text, "evidence": [first] if first else [], "to": to, "thesis": ""}]}))
