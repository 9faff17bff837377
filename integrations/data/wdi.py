"""World Bank, World Development Indicators: yearly figures of countries."""

from datetime import datetime
from typing import Any

from integrations.data.fetch import Call
from integrations.data.reading import day, field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Provenance, Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo


class WorldBank(Service):
    """A code is COUNTRY/INDICATOR, e.g. USA/NY.GDP.MKTP.CD. A year is taken to be out 200 days after it ends."""

    kind = "wdi"
    address = "https://api.worldbank.org/v2"
    licence = "CC BY 4.0, World Bank"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """All years, page by page. The bank keeps no vintages: a revision is known from the pull that sees it."""
        country, indicator = self._parts(request, "COUNTRY/INDICATOR")
        values: list[Value] = []
        title = ""
        provenance: Provenance | None = None
        page = pages = 1
        while page <= pages:
            params = {"format": "json", "per_page": "1000", "page": str(page)}
            answer = self._fetcher.get(Call(f"{self._base}/country/{country}/indicator/{indicator}", params), self._page, now)
            pages, title, found = answer.data
            values += found
            provenance = provenance or answer.provenance
            page += 1
        assert provenance is not None
        info = SeriesInfo(
            series=request.series, title=title, unit=_unit(title), currency="USD" if "US$" in title else "", kind="level",
            frequency="annual", source=f"World Bank {request.code}", licence=self.licence, release="+200d 12:00 UTC",
        )  # fmt: skip
        return Pulled(info, self._values(request, values), provenance, ("no vintages are kept there: old years are as revised since",))

    def _page(self, body: bytes) -> tuple[int, str, list[Value]]:
        data = json_of(body, self.name)
        if isinstance(data, list) and data and isinstance(data[0], dict) and "message" in data[0]:
            said = data[0]["message"][0].get("value", "") if data[0]["message"] else ""
            raise SourceAnswerError(f"{self.name} knows no such country or indicator ({said}): check the code")
        pages = int(field(data, [0, "pages"], self.name))
        rows = rows_of(field(data, [1], self.name) or [], self.name)
        title = f"{rows[0]['indicator']['value']}, {rows[0]['country']['value']}" if rows else ""
        return pages, title, [value for row in rows if (value := self._value(row))]

    def _value(self, row: Any) -> Value | None:
        value = number(field(row, ["value"], self.name), self.name)
        return Value(day(field(row, ["date"], self.name), self.name), value) if value is not None else None


def _unit(title: str) -> str:
    if "US$" in title:
        return "$"
    return "%" if "%" in title else ""
