"""Facts from text: numbers with units, ranges, strikes and dates, in English and Chinese, each with its span."""

from memory.facts.extract import extract_facts
from memory.facts.model import Fact, same_quantity

__all__ = ["Fact", "extract_facts", "same_quantity"]
