"""US Treasury par yield curve rates, daily."""

from datetime import date, datetime
from functools import partial

from integrations.data.fetch import Call
from integrations.data.reading import csv_of, number
from integrations.data.source import Service, first_year
from memory.data_source import Provenance, Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo


class Treasury(Service):
    """A code is a column, e.g. 10 Yr. A day is out at 18:00 in New York; without ``since`` this year and the last are read."""

    kind = "treasury"
    address = "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv"
    licence = "public domain, US Treasury"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The column, year by year."""
        values: list[Value] = []
        provenance: Provenance | None = None
        for year in range(first_year(request.since, now.date(), 1), now.year + 1):
            params = {"type": "daily_treasury_yield_curve", "field_tdr_date_value": str(year), "_format": "csv"}
            answer = self._fetcher.get(Call(f"{self._base}/{year}/all", params), partial(self._year, request.code), now)
            values += answer.data
            provenance = answer.provenance
        assert provenance is not None
        info = SeriesInfo(
            series=request.series, title=f"US Treasury par yield, {request.code}", unit="%", kind="rate", frequency="daily",
            source=f"US Treasury {request.code}", licence=self.licence, release="same day 18:00 America/New_York",
        )  # fmt: skip
        return Pulled(info, self._values(request, values), provenance)

    def _year(self, code: str, body: bytes) -> list[Value]:
        found = []
        for row in csv_of(body, self.name, ("Date", code)):
            value = number(row[code], self.name)
            if value is not None:
                found.append(Value(self._day(row["Date"]), value))
        return found

    def _day(self, text: str) -> date:
        try:
            month, day, year = (int(part) for part in text.split("/"))
            return date(year, month, day)
        except ValueError as error:
            raise SourceAnswerError(f"{self.name} sends the date {text!r}, not month/day/year: its answer changed") from error
