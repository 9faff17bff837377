"""What the vectors of a desk's model count: measured for that model, shown by the doctor, and used by recall."""

import json

import pytest

from integrations.desk import Desk
from integrations.doctor import _index
from integrations.new_desk import make_desk
from memory.errors import InputError
from memory.recall_set.load import questions
from memory.records import Draft
from memory.weighing import weigh
from tests.fakes.embeddings_api import embeddings_api


@pytest.fixture
def folder(tmp_path):
    with embeddings_api() as api:
        make_desk(tmp_path / "desk")
        toml = tmp_path / "desk" / "stoa.toml"
        lines = f'\n[embedding]\nprovider = "endpoint"\nmodel = "m"\nbase_url = "{api.url}"\n'
        toml.write_text(toml.read_text(encoding="utf-8") + lines, encoding="utf-8")
        yield tmp_path / "desk"


def shown(desk):
    found = next(check for check in _index(desk, []) if check.name == "vector weights")
    return found.state, found.found


def test_a_model_counts_half_until_it_was_weighed_and_then_what_was_found(folder):
    with Desk(folder) as desk:
        desk.store.remember(Draft(body="lease rates of silver in London"))
        desk.drain_index()
        assert "vector" in desk.recall.search("silver lease rates").hits[0].why
        assert shown(desk) == ("warn", "not measured for this model: its vectors count half, in talk a third")
        asked = [item for item in questions() if item.group == "plain-en"][:10]
        desk.vectors.weights.keep(weigh(desk.embedder, asked=asked))
        assert shown(desk) == ("ok", "measured: en 0")  # hashed words know no more than words
        assert "vector" not in desk.recall.search("silver lease rates").hits[0].why


def test_what_was_measured_for_another_model_or_cannot_be_read_does_not_count(folder):
    with Desk(folder) as desk:
        desk.store.count()
        file = folder / ".stoa" / "vector-weights.json"
        kept = {"fingerprint": "another", "vector": {"en": 0.1}, "kinds": {}, "quality": {}}
        for text in (json.dumps(kept), "{", "[]"):
            file.write_text(text, encoding="utf-8")
            assert desk.vectors.weights.of(desk.embedder.fingerprint) is None
        file.write_text(json.dumps(kept | {"fingerprint": desk.embedder.fingerprint}), encoding="utf-8")
        assert desk.vectors.weights.of(desk.embedder.fingerprint).vector_of("en") == 0.1


def test_a_desk_without_a_model_has_nothing_to_weigh(tmp_path):
    make_desk(tmp_path / "desk")
    with Desk(tmp_path / "desk") as desk, pytest.raises(InputError, match=r"set embedding\.provider"):
        desk.vectors.weigh(lambda _share: None)
