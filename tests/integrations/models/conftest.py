import pytest

from agents.model import Prompt
from integrations.models.client import Endpoint, ModelClient
from integrations.settings import ModelSettings
from memory.journal import Journal

MODEL = "claude-opus-4-5"
PRICES = {MODEL: {"input": 5, "output": 25, "cache_write": 6.25, "cache_read": 0.5}}


def prompt(task="Price it.", **changed):
    fields = {"shared": "RULES AND BOOK", "role": "You are the quant.", "agent": "quant", "run_id": "run-1", "thesis": "silver"}
    return Prompt(**{**fields, "task": task, **changed})


class Pauses(list):
    """The waits that were asked for; none is waited."""

    def __call__(self, seconds):
        self.append(seconds)


@pytest.fixture
def journal(database, clock):
    return Journal(database, clock)


@pytest.fixture
def pauses():
    return Pauses()


@pytest.fixture
def client(journal, clock, tmp_path, pauses):
    made = []

    def make(api, *, key="key-for-tests", **settings):
        given = {"name": MODEL, "base_url": api.url, "endpoint": "anthropic", **settings}
        made.append(ModelClient(Endpoint(ModelSettings(**given), key, tmp_path / "capabilities"), journal, clock, pause=pauses))
        return made[-1]

    yield make
    for opened in made:
        opened.close()
