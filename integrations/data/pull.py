"""Bringing series into the desk: source by source, what fails is named and the rest goes on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from integrations.data.registry import source
from integrations.settings import SourceSettings
from memory.data_source import DataSource, Pulled, SeriesRequest, SourceError, observations
from memory.errors import InputError
from memory.market import Market
from memory.observation import Observation, SeriesInfo
from memory.pulls import PullLog
from memory.quality import Finding
from memory.quality.desk import check_points
from memory.series_files import read_catalogue


class Into(NamedTuple):
    """Where a pull goes: the desk's folder, its market, and the record of pulls."""

    folder: Path
    market: Market
    log: PullLog
    cache: Path


class Pull(NamedTuple):
    """One series: what came and what the checks say of it, or why it did not come."""

    source: str
    series: str
    reason: str
    values: int = 0
    new: int = 0
    origin: Mapping[str, Any] = {}
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def pull(sources: Mapping[str, SourceSettings], into: Into, now: datetime, names: Sequence[str] = ()) -> list[Pull]:
    """Every series of every source, or of those sources and series that are named.

    Raises:
        InputError: nothing is set up, or a name is neither a source nor a series of one.
    """
    if not sources:
        raise InputError('no source is set up: add a section [data.sources.NAME] with kind = "…" and series = {…} to stoa.toml')
    found: list[Pull] = []
    met: set[str] = set()
    for name, settings in sources.items():
        whole = not names or name in names
        if not whole and settings.kind != "folder" and not set(names) & set(settings.series):
            continue
        made = source(name, settings, into.folder, into.cache)
        wanted = dict(settings.series)
        try:
            wanted = wanted or dict(made.offers())
        except SourceError as error:
            found.append(Pull(name, "", str(error)))
        chosen = {series: code for series, code in wanted.items() if whole or series in names}
        met |= {name} if whole else set(chosen)
        requests = [SeriesRequest(series, code, settings.since) for series, code in chosen.items()]
        found += _of_source(name, made, requests, into, now)
    unknown = [name for name in names if name not in met]
    if unknown:
        raise InputError(f"{unknown[0]!r} is no source of stoa.toml and no series of one: there are {', '.join(sources)}")
    return found


def _of_source(name: str, made: DataSource, requests: Sequence[SeriesRequest], into: Into, now: datetime) -> list[Pull]:
    """The series of one source, written together: a file of observations a source, not a series."""
    described = read_catalogue(into.folder / "data" / "series.yaml", [])
    found: list[Pull] = []
    brought: list[Pulled] = []
    infos: list[SeriesInfo] = []
    rows: list[Observation] = []
    for request in requests:
        try:
            pulled = made.pull(request, now)
        except SourceError as error:
            found.append(Pull(name, request.series, str(error)))
            continue
        info, values = observations(pulled, described.get(request.series))
        brought.append(pulled)
        infos.append(info)
        rows += values
    new = into.market.take(infos, rows, now)
    for pulled, info in zip(brought, infos, strict=True):
        into.log.add(pulled, new[info.series])
        findings = tuple(check_points(info, into.market.points(info.series, now), now))
        origin = pulled.provenance.model_dump(mode="json")
        found.append(Pull(name, info.series, "", len(pulled.values), new[info.series], origin, pulled.notes, findings))
    return found
