"""Choose the weights of ``memory.ranking`` on the development half: one weight at a time, over and over, until none helps.

``python -m tests.recall_set.tune`` prints what it would choose; a person puts it into ``memory/ranking.py``.
"""

import sys
import tempfile
from pathlib import Path

from memory.ranking import WEIGHTS, rank
from memory.recall_set.load import GROUPS, questions, score
from tests.recall_set.measure import desk

STEPS = {
    "part": (0.5, 0.7, 0.8, 0.9, 1.0),
    "short": (0.0, 0.25, 0.5, 0.75, 1.0),
    "sure": (0.05, 0.1, 0.2, 0.3, 0.4),
    "after": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "before": (0.0, 0.15, 0.3, 0.4, 0.6),
    "chunk": (0.0, 0.05, 0.1, 0.15, 0.25, 0.4),
    "thread": (0.0, 0.2, 0.5, 1.0, 1.5),
    "author": (0.0, 0.2, 0.4, 0.8, 1.2),
    "asks": (0.0, 0.2, 0.4, 0.6),
    "answer": (0.0, 0.3, 0.5),
    "said": (0.0, 0.4, 0.8, 1.2),
    "talk": (0.6, 0.75, 0.9, 1.0, 1.2, 1.5),
    "period": (0.0, 0.2, 0.4, 0.6),
    "entity": (0.0, 0.2, 0.4, 0.6),
    "time": (0.0, 0.3, 0.5, 0.8, 1.2),
    "fade_days": (60.0, 100.0, 150.0, 250.0),
}
VECTOR = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def gathered(measured, asked):
    """For each question all that ranking looks at: searching once is enough."""
    return [(item, measured.recall.candidates(item.query, 10, item.variants)) for item in asked]


def quality(kept, weights):
    """The mean over groups of recall@5, recall@10 and MRR in equal parts."""
    by_group = {group: [] for group in GROUPS}
    for item, candidates in kept:
        texts = [row.body for row, _ in rank(*candidates, weights)[:10]]
        by_group[item.group].append(sum(score(texts, item.answers)) / 3)
    means = {group: sum(values) / len(values) for group, values in by_group.items() if values}
    return sum(means.values()) / len(means), means


def main():
    """Coordinate ascent from the present weights."""
    # Searching and choosing are apart: the second needs no store.
    with tempfile.TemporaryDirectory() as folder, desk(Path(folder)) as measured:
        kept = gathered(measured, [q for q in questions() if q.split == "dev"])
    weights, best = WEIGHTS, quality(kept, WEIGHTS)[0]
    sys.stdout.write(f"{best:.4f} {quality(kept, WEIGHTS)[1]}\n")
    for _ in range(2):
        for name, values in STEPS.items():
            for value in values:
                tried = weights._replace(**{name: value})
                found = quality(kept, tried)[0]
                if found > best + 1e-6:
                    weights, best = tried, found
        for lang in ("en", "zh"):
            for value in VECTOR:
                tried = weights._replace(vector={**weights.vector, lang: value})
                found = quality(kept, tried)[0]
                if found > best + 1e-6:
                    weights, best = tried, found
        sys.stdout.write(f"{best:.4f} {weights}\n")
    sys.stdout.write(f"{quality(kept, weights)[1]}\n")


if __name__ == "__main__":
    main()
