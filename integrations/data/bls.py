"""US Bureau of Labor Statistics: prices, wages, employment."""

from datetime import date, datetime
from functools import partial
from typing import Any

from integrations.data.fetch import Call
from integrations.data.reading import field, json_of, number, rows_of
from integrations.data.source import Service, first_year
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo


class Bls(Service):
    """A code is a series id, e.g. CUUR0000SA0. A month is taken to be out 16 days after it ends, 08:30 in New York.

    Ten years at once without a key, twenty with one. What the bureau did not publish (October 2025) stays missing.
    """

    kind = "bls"
    address = "https://api.bls.gov/publicAPI/v2"
    licence = "public domain, US BLS"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The series in today's values: the bureau keeps no vintages; ALFRED does."""
        years = 19 if self._key else 9
        first = max(first_year(request.since, now.date(), years), now.year - years)
        body = {"seriesid": [request.code], "startyear": str(first), "endyear": str(now.year)}
        secret = {"registrationkey": self._key} if self._key else {}
        call = Call(f"{self._base}/timeseries/data/", body=body, secret_body=secret)
        answer = self._fetcher.get(call, partial(self._series, request.code), now)
        frequency, values, lost = answer.data
        info = SeriesInfo(
            series=request.series, title=f"BLS {request.code}", unit="", kind="level", frequency=frequency, source=f"BLS {request.code}",
            licence=self.licence, release="+16d 08:30 America/New_York",
        )  # fmt: skip
        notes = [f"not published: {', '.join(lost)}"] if lost else []
        if request.since and request.since.year < first:
            notes.append(f"it gives {years + 1} years at once: values from {first} on")
        return Pulled(info, self._values(request, values), answer.provenance, tuple(notes))

    def _series(self, code: str, body: bytes) -> tuple[str, list[Value], list[str]]:
        data = json_of(body, self.name)
        if field(data, ["status"], self.name) != "REQUEST_SUCCEEDED":
            said = "; ".join(map(str, data.get("message", [])))[:200]
            raise SourceAnswerError(f"{self.name} refuses the request ({said}): check the code, or set BLS_API_KEY for more requests a day")
        series = field(data, ["Results", "series", 0], self.name)
        if field(series, ["seriesID"], self.name) != code:
            raise SourceAnswerError(f"{self.name} sends {series['seriesID']} instead of {code}: try again later")
        rows = rows_of(field(series, ["data"], self.name), self.name)
        values, lost, quarterly = [], [], False
        for row in rows:
            period, year = str(field(row, ["period"], self.name)), int(field(row, ["year"], self.name))
            month = self._month(period)
            if month is None:
                continue
            quarterly = quarterly or period.startswith("Q")
            value = number(field(row, ["value"], self.name), self.name)
            if value is None:
                lost.append(f"{year}-{month:02d} ({_footnote(row)})")
            else:
                values.append(Value(date(year, month, 1), value))
        return "quarterly" if quarterly else "monthly", values, lost

    def _month(self, period: str) -> int | None:
        """The first month of a period; None for a yearly average (M13, Q05, S03)."""
        letter, number_ = period[:1], period[1:]
        if not number_.isdigit() or letter not in "MQSA":
            raise SourceAnswerError(f"{self.name} sends the period {period!r}: its answer changed")
        index = int(number_)
        if letter == "M":
            return index if index <= 12 else None
        if letter == "Q":
            return 3 * index - 2 if index <= 4 else None
        return None


def _footnote(row: Any) -> str:
    notes = [str(note.get("text", "")) for note in row.get("footnotes", []) if note]
    return notes[0] if notes and notes[0] else "no reason given"
