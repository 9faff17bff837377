"""Walks a structure in Thrift's compact encoding without keeping anything: is it whole, and does it end where it should?

Source: the Thrift compact protocol specification. Parquet's footer is one such structure.
"""

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_DEEPEST = 16


class _BrokenError(Exception):
    pass


class _Walk:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def byte(self) -> int:
        if self.at >= len(self.content):
            raise _BrokenError
        self.at += 1
        return self.content[self.at - 1]

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self.content):
            raise _BrokenError

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            piece = self.byte()
            value |= (piece & 0x7F) << shift
            if piece < 0x80:
                return value
        raise _BrokenError

    def value(self, kind: int, depth: int, *, in_field: bool) -> None:
        if kind in (_TRUE, _FALSE):
            self.skip(0 if in_field else 1)
        elif kind == _BYTE:
            self.skip(1)
        elif kind in (_I16, _I32, _I64):
            self.varint()
        elif kind == _DOUBLE:
            self.skip(8)
        elif kind == _BINARY:
            self.skip(self.varint())
        else:
            self.nested(kind, depth + 1)

    def nested(self, kind: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise _BrokenError
        if kind in (_LIST, _SET):
            self.listed(depth)
        elif kind == _MAP:
            self.mapped(depth)
        elif kind == _STRUCT:
            self.struct(depth)
        else:
            raise _BrokenError

    def listed(self, depth: int) -> None:
        head = self.byte()
        count = head >> 4 if head >> 4 < 15 else self.varint()
        if count > len(self.content):
            raise _BrokenError
        for _ in range(count):
            self.value(head & 0xF, depth, in_field=False)

    def mapped(self, depth: int) -> None:
        count = self.varint()
        if count > len(self.content):
            raise _BrokenError
        kinds = self.byte() if count else 0
        for _ in range(count):
            self.value(kinds >> 4, depth, in_field=False)
            self.value(kinds & 0xF, depth, in_field=False)

    def struct(self, depth: int) -> None:
        while (head := self.byte()) & 0xF != _STOP:
            if head >> 4 == 0:
                self.varint()
            self.value(head & 0xF, depth, in_field=True)


def is_one_struct(content: bytes) -> bool:
    """Whether ``content`` is exactly one whole structure."""
    walk = _Walk(content)
    try:
        walk.struct(0)
    except _BrokenError:
        return False
    return walk.at == len(content) > 1
