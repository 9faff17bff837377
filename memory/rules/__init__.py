"""Rules: the small language in which signals, falsifiers and resolutions are written."""

from memory.rules.conviction import Impulse, Limits, Move, Step, move
from memory.rules.derived import DerivedReader
from memory.rules.evaluate import Evaluation, FactReader, FactValue, ValueEvidence, check, evaluate
from memory.rules.syntax import Rule, format_rule, parse

__all__ = [
    "DerivedReader", "Evaluation", "FactReader", "FactValue", "Impulse", "Limits", "Move", "Rule", "Step",
    "ValueEvidence", "check", "evaluate", "format_rule", "move", "parse",
]  # fmt: skip
