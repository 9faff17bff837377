"""Whether the files of a vector graph are as long as they say.

Chroma reads a file that was cut off without a word: the places of the missing vectors keep whatever stood in that memory before, which
can be the very vectors, so that nothing that is read back afterwards need look wrong.
"""

import struct
from pathlib import Path

_HEADER = struct.Struct("<i4q")
"""As hnswlib writes it: version, offset of the lowest level, room, elements, bytes an element."""
_KNOWN = 1


def cut_off(folder: Path) -> list[str]:
    """Names of the files of an index that are shorter than their graph's header says; none of a version that is not known here."""
    short = []
    for header in sorted(folder.glob("*/header.bin")):
        head = header.read_bytes()
        if len(head) < _HEADER.size:
            short.append(f"{header.parent.name}/{header.name}")
            continue
        version, _, _, elements, each = _HEADER.unpack_from(head)
        if version != _KNOWN:
            continue
        for name, least in (("data_level0.bin", elements * each), ("length.bin", elements * 4)):
            file = header.with_name(name)
            if not file.exists() or file.stat().st_size < least:
                short.append(f"{header.parent.name}/{name}")
    return short
