"""``/stoa``: the words it knows; anything else is a question."""

COMMANDS = {"book": "shown", "run": "run", "schedule": "schedule", "help": "shown"}
LONG = frozenset({"run", "schedule"})
"""Words that take more behind them; any other word with more behind it begins a question."""
HELP = (
    "`/stoa book` the theses, what waits for you, the last run, the score\n"
    "`/stoa run [thesis …]` begins a research run\n"
    '`/stoa schedule add "weekdays 07:30 Europe/Zurich" [thesis …]` lets research run by itself; `schedule list`, `next`, `remove NAME`\n'
    "`/stoa` and a question asks the desk; `@quant`, `data-analyst:` and so on pick who answers\n"
    "In the desk's channel, mention it; in a thread of the desk, just write."
)


def parse(text: str) -> tuple[str, str]:
    """The word and what follows it; a question has the word ``ask``."""
    words = text.strip().split(maxsplit=1)
    if not words:
        return "help", ""
    verb = words[0].lower()
    if verb in LONG or (verb in COMMANDS and len(words) == 1):
        return verb, words[1] if len(words) > 1 else ""
    return "ask", text.strip()
