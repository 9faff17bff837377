"""Market data, point in time: DuckDB over what the desk has seen of the files under ``data/``.

A data file may be edited; what it once said may not be lost. So each new or changed value becomes an observation with
its own ``known_at`` in an append-only Parquet log, and reads see the newest vintage known at their as-of.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from memory.market_query import SCHEMA, Answer, Limits, read_only
from memory.observation import Observation, Point, Revised, SeriesInfo, Vintage
from memory.series_files import SeriesFile, read_catalogue, read_series_file
from memory.series_table import SUFFIXES

if TYPE_CHECKING:
    import duckdb


class Refreshed(NamedTuple):
    """What a refresh found: the files there are, observations added, and what cannot be used, with the reason."""

    files: int
    observations: int
    skipped: list[tuple[str, str]]
    warnings: list[tuple[str, str]]


class Market:
    """Every series of one desk. Fulfils ``SeriesReader``; derived series are added by ``memory.rules``."""

    def __init__(self, data: Path, log: Path) -> None:
        self._data = data
        self._log = log
        self._infos: dict[str, SeriesInfo] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._cache: dict[tuple[str, datetime], list[Point]] = {}
        self._load_catalogue()

    @property
    def folder(self) -> Path:
        """Where the desk's own data files are."""
        return self._data

    def _load_catalogue(self) -> None:
        path = self._log / "catalogue.json"
        if path.exists():
            raw = json.loads(path.read_text(encoding="utf-8"))
            self._infos = {item["series"]: SeriesInfo(**item) for item in raw}

    def refresh(self, now: datetime) -> Refreshed:
        """Read data files that are new or changed; values that differ from the last vintage are known from ``now``.

        What is wrong with a file is reported for as long as it is wrong, not only when it is first read.
        """
        seen = self._seen()
        missing: list[tuple[str, str]] = []
        catalogue = read_catalogue(self._data / "series.yaml", missing)
        settings = self._data / "series.yaml"
        salt = settings.read_bytes() if settings.exists() else b""
        fresh: list[Observation] = []
        files: dict[str, dict[str, Any]] = {}
        for path in data_files(self._data):
            name = path.relative_to(self._data).as_posix()
            digest = hashlib.sha256(salt + path.read_bytes()).hexdigest()
            files[name] = seen.get(name, {})
            if files[name].get("digest") != digest:
                read = read_series_file(path, name, catalogue)
                fresh += self._fresh(read, now)
                files[name] = {"digest": digest, "skipped": read.skipped, "warnings": read.warnings}
        self._infos |= {info.series: info for info in catalogue.values() if info.formula}
        if fresh:
            self.record(fresh)
        if files != seen or not (self._log / "catalogue.json").exists():
            self._save(files)
        skipped = missing + [(name, reason) for name, file in files.items() for reason in file["skipped"]]
        warnings = [(name, warning) for name, file in files.items() for warning in file["warnings"]]
        return Refreshed(len(files), len(fresh), skipped, warnings)

    def _seen(self) -> dict[str, dict[str, Any]]:
        path = self._log / "files.json"
        found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return found

    def _save(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        self._log.mkdir(parents=True, exist_ok=True)
        infos = [{"series": name, **info.model_dump(exclude_unset=True)} for name, info in sorted(self._infos.items())]
        _write_whole(self._log / "catalogue.json", json.dumps(infos, ensure_ascii=False, indent=1))
        # The list of files read comes last: a crash before it only means that they are read again.
        _write_whole(self._log / "files.json", json.dumps(dict(sorted(files.items())), ensure_ascii=False, indent=1))

    def _fresh(self, read: SeriesFile, now: datetime) -> list[Observation]:
        """Rows of a file that the log does not hold; a changed value is known from now on."""
        fresh: list[Observation] = []
        for info, rows in read.series:
            fresh += self._unknown(info.series, rows, now)
            self._infos[info.series] = info
        return fresh

    def _unknown(self, series: str, rows: Sequence[Observation], now: datetime) -> list[Observation]:
        """What the log does not hold of these rows: vintages as they are dated, other changed values as known from now."""
        last = {point.valid_time: point.value for point in self._points(series, datetime.max.replace(tzinfo=UTC))}
        held = self._vintages(series) if any(row.vintage for row in rows) else set()
        fresh = []
        for row in rows:
            if row.vintage:
                if (row.valid_time, row.known_at, row.value) not in held:
                    fresh.append(row)
            elif row.valid_time not in last:
                fresh.append(row)
            elif last[row.valid_time] != row.value:
                fresh.append(row.model_copy(update={"known_at": max(now, row.known_at), "vintage": now.isoformat()}))
        return fresh

    def _vintages(self, series: str) -> set[tuple[date, datetime, float]]:
        return {(row.valid_time, row.known_at, row.value) for row in self.history(series, datetime.max.replace(tzinfo=UTC))}

    def take(self, infos: Sequence[SeriesInfo], observations: Sequence[Observation], now: datetime) -> dict[str, int]:
        """What a data source brought, written at once: the log gets what it does not hold.

        Returns how many observations of each series were new.
        """
        by_series: dict[str, list[Observation]] = {info.series: [] for info in infos}
        for row in observations:
            by_series.setdefault(row.series, []).append(row)
        fresh = {series: self._unknown(series, rows, now) for series, rows in by_series.items()}
        if any(fresh.values()):
            self.record([row for rows in fresh.values() for row in rows])
        self.describe(infos)
        return {series: len(rows) for series, rows in fresh.items()}

    def record(self, observations: Sequence[Observation]) -> None:
        """Add observations to the log: one immutable Parquet file, named by its content."""
        import duckdb

        self._cache.clear()
        rows = [{**row.model_dump(), "known_at": row.known_at.astimezone(UTC).replace(tzinfo=None)} for row in observations]
        digest = hashlib.sha256(repr([tuple(row.values()) for row in rows]).encode()).hexdigest()[:16]
        self._log.mkdir(parents=True, exist_ok=True)
        target = self._log / f"{len(list(self._log.glob('*.parquet'))):06d}-{digest}.parquet"
        partial = target.with_suffix(".partial")
        columns = {name: [row[name] for row in rows] for name in Observation.model_fields}
        with duckdb.connect(":memory:") as connection:
            # Not by way of pyarrow: it takes three quarters of a second to load, with the pandas it looks for.
            connection.execute(f"CREATE TABLE fresh ({SCHEMA})")
            given = ", ".join(f"unnest(${number}) AS {name}" for number, name in enumerate(columns, 1))
            connection.execute(f"INSERT INTO fresh BY NAME SELECT {given}", list(columns.values()))
            connection.execute(f"COPY fresh TO '{str(partial).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
        partial.replace(target)
        self._cache.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def describe(self, infos: Iterable[SeriesInfo]) -> None:
        """Add series descriptions, as a data source does with its first pull."""
        self._infos |= {info.series: info for info in infos}
        self._save(self._seen())

    def series(self) -> dict[str, SeriesInfo]:
        """Every series by name, derived ones included."""
        return dict(self._infos)

    def info(self, series: str) -> SeriesInfo | None:
        """The description of a series; None when there is none of that name."""
        return self._infos.get(series)

    def points(self, series: str, as_of: datetime, since: date | None = None) -> list[Point]:
        """The newest vintage of each value known at ``as_of``, by valid time ascending."""
        key = (series, as_of)
        if key not in self._cache:
            self._cache[key] = self._points(series, as_of)
        found = self._cache[key]
        return found if since is None else [point for point in found if point.valid_time >= since]

    def _points(self, series: str, as_of: datetime) -> list[Point]:
        columns, order = "valid_time, arg_max(value, known_at), max(known_at)", "GROUP BY valid_time ORDER BY valid_time"
        return [Point(day, value, known.replace(tzinfo=UTC)) for day, value, known in self._known(columns, order, series, as_of)]

    def history(self, series: str, as_of: datetime) -> list[Vintage]:
        """Every vintage of every value known at ``as_of``, by valid time, then by when it was known."""
        rows = self._known("valid_time, known_at, value, vintage", "ORDER BY valid_time, known_at", series, as_of)
        return [Vintage(day, known.replace(tzinfo=UTC), value, vintage) for day, known, value, vintage in rows]

    def _known(self, columns: str, order: str, series: str, as_of: datetime) -> list[tuple[Any, ...]]:
        """What was known of a series at ``as_of``; the columns and their order are this file's own words."""
        connection = self._open()
        if connection is None:
            return []
        question = f"SELECT {columns} FROM observations WHERE series = ? AND known_at <= ? {order}"  # noqa: S608
        return connection.cursor().execute(question, [series, as_of.astimezone(UTC).replace(tzinfo=None)]).fetchall()

    def query(self, sql: str, as_of: datetime, limits: Limits = Limits()) -> Answer:  # noqa: B008 - a frozen value
        """Rows of a read-only query over what was known at ``as_of``: the tables observations, latest and series.

        Raises:
            InputError: the query is not one SELECT, does not run, or takes more time or memory than allowed.
            NotFoundError: there is no data yet.
        """
        return read_only(self._files(), self._infos.values(), as_of, sql, limits)

    def difference(self, series: str, before: datetime, after: datetime) -> list[Revised]:
        """What ``after`` knows of a series that ``before`` did not: new values, and values that were revised since."""
        old = {point.valid_time: point.value for point in self.points(series, before)}
        return [
            Revised(point.valid_time, old.get(point.valid_time), point.value, point.known_at)
            for point in self.points(series, after)
            if old.get(point.valid_time) != point.value
        ]

    def _files(self) -> list[str]:
        return sorted(str(path) for path in self._log.glob("*.parquet"))

    def _open(self) -> "duckdb.DuckDBPyConnection | None":
        if self._connection is None:
            import duckdb

            files = self._files()
            if not files:
                return None
            connection = duckdb.connect(":memory:", config={"threads": "2"})
            connection.execute(f"CREATE TABLE observations ({SCHEMA})")
            connection.execute("INSERT INTO observations BY NAME SELECT * FROM read_parquet(?, union_by_name = true)", [files])
            connection.execute("SET enable_external_access = false")
            self._connection = connection
        return self._connection

    def close(self) -> None:
        """Let go of DuckDB."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def data_files(folder: Path) -> list[Path]:
    """The tables below a folder, by name."""
    if not folder.exists():
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _write_whole(path: Path, content: str) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(content, encoding="utf-8")
    partial.replace(path)
