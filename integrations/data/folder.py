"""A folder of the user's own files: CSV, Parquet and Excel, read as those under ``data/`` are."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path

from memory.data_source import Provenance, Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import Observation, SeriesInfo
from memory.series_files import read_series_file
from memory.series_table import SUFFIXES


class Folder:
    """Every series of every table below ``path``; a code is the series' name, made of path, file and column."""

    def __init__(self, path: Path, licence: str = "") -> None:
        self._path = path
        self._licence = licence

    @property
    def name(self) -> str:
        """What it is called in messages and in provenance."""
        return f"folder {self._path.name}"

    @cached_property
    def _series(self) -> dict[str, tuple[Path, SeriesInfo, list[Observation], list[str]]]:
        if not self._path.is_dir():
            raise SourceAnswerError(f"{self._path} is no folder: correct path in stoa.toml")
        found = {}
        problems = []
        for path in sorted(self._path.rglob("*")):
            if path.suffix.lower() not in SUFFIXES or not path.is_file():
                continue
            read = read_series_file(path, path.relative_to(self._path).as_posix(), {})
            problems += [f"{path.name}: {reason}" for reason in read.skipped]
            for info, rows in read.series:
                found[info.series] = (path, info, rows, [warning for warning in read.warnings if warning.startswith(info.series)])
        if not found:
            reason = problems[0] if problems else f"it has no {', '.join(SUFFIXES)} file"
            raise SourceAnswerError(f"{self.name} holds no series: {reason}")
        return found

    def offers(self) -> Mapping[str, str]:
        """Every series of the folder under its own name."""
        return {name: name for name in self._series}

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """One series; known_at is what the file says, else the end of the period."""
        if request.code not in self._series:
            raise SourceAnswerError(f"{self.name} has no series {request.code!r}: it has {', '.join(list(self._series)[:8])}")
        path, info, rows, warnings = self._series[request.code]
        kept = [row for row in rows if request.since is None or row.valid_time >= request.since]
        values = [Value(row.valid_time, row.value, row.known_at, row.vintage) for row in kept]
        digest = self._digest(path)
        own = info.model_copy(update={"series": request.series, "licence": self._licence, "unit": rows[0].unit})
        provenance = Provenance(source=self.name, url=path.as_uri(), fetched_at=now, licence=self._licence, sha256=digest)
        return Pulled(own, values, provenance, tuple(warnings))

    @lru_cache(maxsize=64)  # noqa: B019 - a folder lives for one pull
    def _digest(self, path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()
