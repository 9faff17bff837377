"""The sources there are: one line each. A connector is imported when it is used."""

from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, cast

from integrations.settings import SourceSettings, source_key
from memory.data_source import DataSource
from memory.errors import InputError


class Entry(NamedTuple):
    """Where a connector is, the environment variable of its key, and what it reads."""

    module: str
    cls: str
    key: str
    reads: str


SOURCES: Final[Mapping[str, Entry]] = {
    "fred": Entry("fred", "Fred", "FRED_API_KEY", "FRED and ALFRED: macro series with every vintage"),
    "wdi": Entry("wdi", "WorldBank", "", "World Bank development indicators, yearly"),
    "pink_sheet": Entry("pink_sheet", "PinkSheet", "", "World Bank commodity prices, monthly averages"),
    "eia": Entry("eia", "Eia", "EIA_API_KEY", "US energy: oil, gas, power"),
    "edgar": Entry("edgar", "Edgar", "", "figures that US companies file (wants contact)"),
    "cot": Entry("cot", "Cot", "", "CFTC positions: Tuesday's data, Friday's release"),
    "treasury": Entry("treasury", "Treasury", "", "US Treasury par yields, daily"),
    "bls": Entry("bls", "Bls", "BLS_API_KEY", "US prices and employment (a key gives more)"),
    "polymarket": Entry("polymarket", "Polymarket", "", "prices of questions"),
    "metaculus": Entry("metaculus", "Metaculus", "METACULUS_TOKEN", "the forecasters' probability of a question"),
    "stooq": Entry("stooq", "Stooq", "STOOQ_API_KEY", "daily prices of shares, funds, currencies"),
    "folder": Entry("folder", "Folder", "", "your own CSV, Parquet and Excel files"),
    "yahoo": Entry("yahoo", "Yahoo", "", "Yahoo through yfinance (extra yahoo); decides no forecast"),
}


def source(name: str, settings: SourceSettings, desk: Path, cache: Path) -> DataSource:
    """The source that a section of stoa.toml describes.

    Raises:
        InputError: there is no such kind, or a folder without a path.
    """
    entry = SOURCES.get(settings.kind)
    if entry is None:
        raise InputError(f"data.sources.{name}: there is no kind {settings.kind!r}: take one of {', '.join(SOURCES)}")
    cls = getattr(import_module(f"integrations.data.{entry.module}"), entry.cls)
    if settings.kind == "folder":
        if settings.path is None:
            raise InputError(f'data.sources.{name}: a folder needs path = "…" in stoa.toml')
        return cast("DataSource", cls(desk / settings.path, settings.licence))
    if settings.kind == "yahoo":
        return cast("DataSource", cls())
    from integrations.data.fetch import Fetcher

    fetcher = Fetcher(settings.kind, settings.licence or cls.licence, cache, timedelta(hours=settings.max_age_hours))
    return cast("DataSource", cls(fetcher, settings.base_url, source_key(entry.key) if entry.key else "", settings.contact))
