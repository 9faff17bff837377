"""Small parts of the sentences that people read."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 post``, ``2 posts``; ``many`` where an s does not make the plural."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
