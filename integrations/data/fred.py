"""FRED and ALFRED, Federal Reserve Bank of St. Louis: US and world macro series with every vintage."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import partial
from typing import Any, Final

from integrations.data.fetch import Answer, Call
from integrations.data.reading import day, field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo

_FREQUENCY: Final = {"D": "daily", "W": "weekly", "BW": "weekly", "M": "monthly", "Q": "quarterly", "A": "annual"}
_ALL_TIME: Final = {"realtime_start": "1776-07-04", "realtime_end": "9999-12-31"}
_UNITS: Final = {"percent": "%", "index": "index", "dollars per barrel": "$/bbl", "dollars per million btu": "$/MMBtu"}


class Fred(Service):
    """A code is FRED's own, e.g. CPIAUCSL. A vintage is known from the evening (22:00 UTC) of the day it was out."""

    kind = "fred"
    address = "https://api.stlouisfed.org/fred"
    licence = "FRED terms of use; the series' own notes say who owns it"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The series with all its vintages; where it has more than the service gives at once, today's values alone."""
        self._need_key("get one at fredaccount.stlouisfed.org/apikeys and set FRED_API_KEY")
        about = self._ask("series", {"series_id": request.code}, partial(self._about, request), now).data
        notes: tuple[str, ...] = ()
        try:
            answer = self._ask("series/observations", {"series_id": request.code, **_ALL_TIME}, self._vintages, now)
        except SourceAnswerError as error:
            if "vintage" not in str(error).lower():
                raise
            answer = self._ask("series/observations", {"series_id": request.code}, self._latest, now)
            notes = ("it has too many vintages to list: today's values, each known from its lag on",)
        return Pulled(about, self._values(request, answer.data), answer.provenance, notes)

    def _ask(self, path: str, params: Mapping[str, str], read: Any, now: datetime) -> Answer[Any]:
        call = Call(f"{self._base}/{path}", {**params, "file_type": "json"}, {"api_key": self._key})
        return self._fetcher.get(call, read, now)

    def _about(self, request: SeriesRequest, body: bytes) -> SeriesInfo:
        found = field(json_of(body, self.name), ["seriess", 0], self.name)
        frequency = _FREQUENCY.get(str(found.get("frequency_short", "")), "monthly")
        units = str(found.get("units", ""))
        owned = "copyright" in str(found.get("notes", "")).lower()
        lag: dict[str, Any] = {"release": "+1d 18:00 America/New_York"} if frequency in {"daily", "weekly"} else {}
        return SeriesInfo(
            series=request.series, title=str(field(found, ["title"], self.name)), unit=_unit(units), frequency=frequency,
            kind="close" if frequency == "daily" else "level", source=f"FRED {request.code}",
            licence=f"{self.licence}; copyrighted: personal use" if owned else self.licence, **lag,
        )  # fmt: skip

    def _vintages(self, body: bytes) -> list[Value]:
        found = []
        for row in rows_of(field(json_of(body, self.name), ["observations"], self.name), self.name):
            value = number(field(row, ["value"], self.name), self.name)
            since = day(field(row, ["realtime_start"], self.name), self.name)
            if value is not None:
                out = datetime.combine(since, time(22), tzinfo=UTC)
                found.append(Value(day(field(row, ["date"], self.name), self.name), value, out, f"alfred {since}"))
        return found

    def _latest(self, body: bytes) -> list[Value]:
        return [value._replace(known_at=None, vintage="") for value in self._vintages(body)]


def _unit(text: str) -> str:
    plain = text.lower()
    if plain.startswith("index"):
        return "index"
    return _UNITS.get(plain, text)
