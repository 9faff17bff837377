"""What each role does without a model: deterministic, and the first step of every model's turn."""

from agents.playbook.playbook_turn import PlaybookTurn

__all__ = ["PlaybookTurn"]
