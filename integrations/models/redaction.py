"""Nothing secret leaves in a prompt: keys are taken out by value and by shape."""

import re
from collections.abc import Callable, Sequence

REDACTED = "[redacted]"
_SHAPES = re.compile(
    r"sk-ant-[\w-]{8,}|xox[abposr]-[\w-]{8,}|xapp-[\w-]{8,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"
)
"""Keys of Anthropic, Slack, GitHub and AWS, web tokens and private keys."""


def redactor(secrets: Sequence[str]) -> Callable[[str], str]:
    """A function that takes the given values, and everything of a key's shape, out of a text."""
    values = [re.escape(value) for value in secrets if len(value) >= 8]
    known = re.compile("|".join(values)) if values else None

    def redact(text: str) -> str:
        cleaned = known.sub(REDACTED, text) if known else text
        return _SHAPES.sub(REDACTED, cleaned)

    return redact
