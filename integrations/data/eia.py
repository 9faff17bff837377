"""US Energy Information Administration: oil, gas and power."""

from datetime import datetime
from typing import Any, Final

from integrations.data.fetch import Answer, Call
from integrations.data.reading import day, field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo

_FREQUENCY: Final = {"D": "daily", "W": "weekly", "M": "monthly", "Q": "quarterly", "A": "annual"}
_RELEASE: Final = {"daily": "+8d 17:00 America/New_York", "weekly": "+6d 17:00 America/New_York"}
_PAGE = 5000


class Eia(Service):
    """A code is a series id, e.g. PET.RWTC.D. Days are taken to be out after 8 days, weeks after 6, months after 75."""

    kind = "eia"
    address = "https://api.eia.gov/v2"
    licence = "public domain, US EIA"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The series, page by page."""
        self._need_key("get one at www.eia.gov/opendata/register.php and set EIA_API_KEY")
        first = self._page(request, 0, now)
        total, rows = first.data
        while len(rows) < total:
            more = self._page(request, len(rows), now).data[1]
            if not more:
                raise SourceAnswerError(f"{self.name} sends {len(rows)} of {total} rows of {request.code}: try again later")
            rows += more
        frequency = _FREQUENCY.get(request.code.rpartition(".")[2].upper(), "daily")
        unit = str(rows[0].get("units", "") if rows else "").replace("$/BBL", "$/bbl").replace("$/MMBTU", "$/MMBtu")
        values = []
        for row in rows:
            value = number(field(row, ["value"], self.name), self.name)
            if value is not None:
                values.append(Value(day(field(row, ["period"], self.name), self.name), value))
        info = SeriesInfo(
            series=request.series, title=str(rows[0].get("series-description", request.code)) if rows else request.code, unit=unit,
            currency="USD" if "$" in unit else "", kind="close" if frequency == "daily" else "average" if "$" in unit else "level",
            frequency=frequency, source=f"EIA {request.code}", licence=self.licence,
            release=_RELEASE.get(frequency, "+75d 17:00 America/New_York"),
        )  # fmt: skip
        return Pulled(info, self._values(request, values), first.provenance)

    def _page(self, request: SeriesRequest, offset: int, now: datetime) -> Answer[tuple[int, list[Any]]]:
        call = Call(f"{self._base}/seriesid/{request.code}", {"offset": str(offset), "length": str(_PAGE)}, {"api_key": self._key})
        return self._fetcher.get(call, self._rows, now)

    def _rows(self, body: bytes) -> tuple[int, list[Any]]:
        response = field(json_of(body, self.name), ["response"], self.name)
        rows = list(rows_of(field(response, ["data"], self.name), self.name))
        for row in rows[:1]:
            field(row, ["period"], self.name)
            field(row, ["value"], self.name)
        return int(field(response, ["total"], self.name)), rows
