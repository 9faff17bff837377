"""The checks of everything a desk holds: its files as they are written, and the series that sources brought."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from memory.cadence import infer_frequency
from memory.errors import NotFoundError
from memory.market import Market, data_files
from memory.observation import Point, SeriesInfo
from memory.quality.finding import Finding, Row, finding, worst_first
from memory.quality.sources import reconcile
from memory.quality.suite import check_growth, check_series, check_sheets, read_sheets
from memory.quality.times import averaging
from memory.series_files import read_catalogue
from memory.series_table import GROWTH


def check_desk(market: Market, data: Path, as_of: datetime, names: Sequence[str] = ()) -> list[Finding]:
    """Findings on every series of the desk, or on those whose name begins with one of ``names``, worst first.

    Raises:
        NotFoundError: no series has such a name.
    """
    catalogue = read_catalogue(data / "series.yaml", [])
    found: list[Finding] = []
    seen: set[str] = set()
    for path in data_files(data):
        name = path.relative_to(data).as_posix()
        try:
            sheets = read_sheets(path, name, catalogue)
        except (OSError, ValueError) as error:
            found.append(finding("type", "error", name, f"it cannot be read as a table ({error}): save it again as CSV in UTF-8"))
            continue
        sheets = [sheet for sheet in sheets if _wanted(sheet.info.series, names)]
        seen |= {sheet.info.series for sheet in sheets}
        found += check_sheets(sheets, as_of)
    infos = {name: info for name, info in market.series().items() if _wanted(name, names)}
    if names and not infos and not seen:
        raise NotFoundError(f"there is no series {names[0]!r}: stoa data list shows those there are")
    for name, info in infos.items():
        if name not in seen and not info.formula:
            found += check_points(info, market.points(name, as_of), as_of)
            found += _beside_levels(market, infos, name, as_of)
        if info.same_as:
            found += _held_against(market, info, as_of)
    return worst_first(found)


def check_points(info: SeriesInfo, points: Sequence[Point], as_of: datetime) -> list[Finding]:
    """The checks of one series as the desk knows it at ``as_of``; a series without values has one finding."""
    if not points:
        return [finding("missing", "error", info.series, f"it has no value known by {as_of:%Y-%m-%d}: pull it, or ask for a later as-of")]
    return check_series(info, rows_of(points), as_of, released=[point.known_at for point in points])


def rows_of(points: Sequence[Point]) -> list[Row]:
    """Points as the checks take them."""
    return [Row(0, point.valid_time, point.value) for point in points]


def _beside_levels(market: Market, infos: Mapping[str, SeriesInfo], name: str, as_of: datetime) -> list[Finding]:
    """A growth series that a source brought, against the levels that came from the same table."""
    stem, _, column = name.rpartition(".")
    if not stem or not GROWTH.search(column):
        return []
    beside = [other for other in infos if other.rpartition(".")[0] == stem and not GROWTH.search(other.rpartition(".")[2])]
    levels = {other: rows_of(market.points(other, as_of)) for other in beside}
    return check_growth(name, rows_of(market.points(name, as_of)), levels)


def _held_against(market: Market, info: SeriesInfo, as_of: datetime) -> list[Finding]:
    other = market.info(info.same_as)
    if other is None:
        return [finding("reconciliation", "note", info.series, f"it names {info.same_as} as its like, and there is no such series")]
    mine, theirs = rows_of(market.points(info.series, as_of)), rows_of(market.points(info.same_as, as_of))
    if infer_frequency([row.day for row in theirs]) == "daily" and infer_frequency([row.day for row in mine]) == "monthly":
        return averaging(info, mine, theirs, info.same_as)
    return reconcile(info.series, info.same_as, mine, theirs)


def _wanted(series: str, names: Sequence[str]) -> bool:
    return not names or any(series == name or series.startswith(f"{name}.") for name in names)
