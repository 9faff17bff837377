"""The record of what was pulled: one line a pull, appended, never changed."""

import json
from pathlib import Path
from typing import Any

from memory.data_source import Pulled


class PullLog:
    """A file of JSON lines beside the observations."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, pulled: Pulled, new: int) -> None:
        """Note a pull: series, origin, and how many observations were new."""
        line = {"series": pulled.info.series, **pulled.provenance.model_dump(mode="json"), "values": len(pulled.values), "new": new}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "notes": list(pulled.notes)}, ensure_ascii=False) + "\n")

    def of(self, series: str) -> list[dict[str, Any]]:
        """The pulls of a series, oldest first; a line cut off by a crash is passed over."""
        if not self._path.exists():
            return []
        found = []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry["series"] == series:
                found.append(entry)
        return found
