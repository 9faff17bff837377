"""One line a new record in English and Chinese, so that a question in either language finds it."""

from collections.abc import Sequence

from agents.answers import Gists, parsed
from agents.briefing import gist_prompt
from agents.errors import ModelAnswerError, ModelContextError
from agents.loop import Thinking, ask
from agents.model import Passage
from agents.turn import Turn
from agents.workbench import Workbench

MOST = 20
"""Records a run: the newest; the others are found by their own words."""
SHOWN = 400
"""Characters of a record that its line is made from."""


def gists(names: Sequence[str], workbench: Workbench) -> Thinking[Turn]:
    """Ask a cheap model for the lines, beside the turns of the others, and keep what it gives for records that exist."""
    found = workbench.store.many(list(names)[-MOST:])
    missing = [record for record in found.values() if not record.gist_en]
    if not missing:
        return Turn()
    named = {f"E{number}": record for number, record in enumerate(missing, 1)}
    passages = [Passage(id=name, source=record.source_uri, text=record.body[:SHOWN]) for name, record in named.items()]
    try:
        answer = yield from ask(gist_prompt(passages, workbench.run_id))
        lines = parsed(answer.text, Gists).gists
    except (ModelAnswerError, ModelContextError):
        return Turn()  # a record without a gist is found by its own words
    workbench.add_gists({named[line.id].id: (line.en, line.zh) for line in lines if line.id in named and line.en})
    return Turn()
