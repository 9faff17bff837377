"""The error of the quant functions: an input error, told to the model like any other mistake that its caller can mend.

It is one class under two names, so that whoever catches ``ToolError`` also catches what the quant functions refuse.
"""

from agents.errors import QuantError

__all__ = ["QuantError"]
