"""The desk's data as files that never change: Parquet named by its hash, as known at an as-of, with a manifest.

The code never sees the live DuckDB, SQLite or Chroma files, and a later as-of never leaks into an earlier one.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.code_runs import MANIFEST
from agents.sandbox import Input
from integrations.sandbox.collector import keep
from memory.market_query import Limits

if TYPE_CHECKING:
    from memory.book import Book
    from memory.market import Market

_NEWEST = "SELECT * FROM latest ORDER BY series, valid_time"
_WHOLE = Limits(rows=50_000_000, seconds=60, memory_mb=1024)
"""A snapshot holds every series to its end; a question of an agent is bounded much tighter."""


class DeskSnapshots:
    """Fulfils ``agents.sandbox.Snapshots`` from a desk's market data and book."""

    def __init__(self, store: Path, observations: Path, market: "Market", book: "Book") -> None:
        """Make one.

        Args:
            store: where the files are kept.
            observations: the log of market data; when nothing in it has changed, nothing is written anew.
            market: reads it.
            book: the theses.
        """
        self._store = store
        self._observations = observations
        self._market = market
        self._book = book

    def at(self, as_of: datetime) -> list[Input]:
        """What was known at ``as_of``; nothing when the desk has no market data yet."""
        logs = sorted(path.name for path in self._observations.glob("*.parquet"))
        if not logs:
            return []
        catalogue = self._observations / "catalogue.json"
        state = [as_of.isoformat(), self._book.head_hash(), *logs, catalogue.read_text(encoding="utf-8") if catalogue.exists() else ""]
        index = self._store / f"at-{hashlib.sha256(json.dumps(state).encode()).hexdigest()}.json"
        if not index.exists():
            self._take(as_of, index)
        manifest = json.loads(index.read_text(encoding="utf-8"))
        files = [Input(f"data/{name}", self._store / f"{entry['sha256']}.parquet") for name, entry in manifest["files"].items()]
        return [*files, Input(MANIFEST, index)]

    def _take(self, as_of: datetime, index: Path) -> None:
        tables: dict[str, list[dict[str, Any]]] = {
            "observations.parquet": self._market.query(_NEWEST, as_of, _WHOLE).rows,
            "series.parquet": [info.model_dump() for _, info in sorted(self._market.series().items())],
            "theses.parquet": [_thesis(entry.thesis.model_dump(mode="json")) for entry in self._book.theses(as_of)],
        }
        files: dict[str, dict[str, Any]] = {}
        for name, rows in tables.items():
            if rows:
                path = keep(self._store, _parquet(rows), ".parquet")
                files[name] = {"sha256": path.stem, "rows": len(rows), "columns": list(rows[0])}
        partial = index.with_suffix(".partial")
        partial.write_text(json.dumps({"as_of": as_of.isoformat(), "files": files}, indent=1) + "\n", encoding="utf-8")
        partial.replace(index)


def _thesis(fields: Mapping[str, Any]) -> dict[str, Any]:
    plain = ("slug", "title", "claim", "force", "stance", "conviction", "horizon", "status")
    return {name: fields.get(name) for name in plain} | {"whole": json.dumps(fields, ensure_ascii=False, sort_keys=True)}


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()
