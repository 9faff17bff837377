"""What a model's vectors count is what they are found to be worth."""

import numpy as np
import pytest

from memory.ranking import LEARNED
from memory.recall_set.load import passages, questions
from memory.weighing import Measured, weigh


class Noise:
    """A model that knows nothing."""

    fingerprint = "noise"
    dimensions = 64

    def embed_documents(self, texts):
        return np.random.default_rng(3).normal(size=(len(texts), self.dimensions)).astype(np.float32)

    embed_queries = embed_documents


class Knows(Noise):
    """A model that knows which passage answers each question in one language, and nothing of the rest."""

    fingerprint = "knows"

    def __init__(self, asked):
        self._answers = {item.query: item.answers[0] for item in asked}

    def _vector(self, text):
        seed = sum(text.encode()) * 31 + len(text)
        vector = np.random.default_rng(seed).normal(size=self.dimensions)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def embed_documents(self, texts):
        return np.stack([self._vector(next((answer for answer in self._answers.values() if answer in text), text)) for text in texts])

    def embed_queries(self, texts):
        return np.stack([self._vector(self._answers.get(text, f"? {text}")) for text in texts])


@pytest.fixture(scope="module")
def asked():
    """Questions in other words, which words alone seldom answer, and plain Chinese ones."""
    found = [item for item in questions() if item.split == "dev"]
    return [*(q for q in found if q.group == "paraphrase")][:16], [*(q for q in found if q.group == "plain-zh")][:12]


@pytest.fixture(scope="module")
def measured(asked):
    english, chinese = asked
    return weigh(Knows(english), asked=[*english, *chinese])


def test_a_model_that_knows_a_language_counts_there_and_nowhere_else(measured):
    assert measured.vector["en"] >= 0.35
    assert measured.vector["zh"] == 0.0
    assert measured.quality["en"].fusion > measured.quality["en"].words + 0.3
    assert measured.quality["zh"].fusion >= measured.quality["zh"].words


def test_noise_for_vectors_counts_nothing(asked):
    found = weigh(Noise(), asked=asked[0])
    assert found.weights().vector_of("en") == 0.0
    assert not any(found.kinds.values())


def test_in_talk_vectors_count_less_until_its_own_questions_tell(asked):
    found = weigh(Knows(asked[0]), asked=asked[0]).weights()
    assert found.vector_of("en") > 0.5
    assert found.vector_of("en", "message") == LEARNED.vector_of("en", "message") < LEARNED.vector_of("en", "chunk")


def test_what_was_measured_is_kept_and_read_as_ranking_takes_it(measured):
    again = Measured.model_validate_json(measured.model_dump_json())
    assert again == measured
    assert again.weights().vector_of("en", "figure") == measured.vector["en"]
    apart = measured.model_copy(update={"kinds": {"en/message": 0.7}}).weights()
    assert (apart.vector_of("en", "message"), apart.vector_of("en", "chunk")) == (0.7, measured.vector["en"])
    assert apart.part == LEARNED.part


def test_the_set_is_large_enough_to_tell_weights_apart():
    assert len(passages()) >= 300
    assert len(questions()) >= 120
