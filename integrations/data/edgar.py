"""US Securities and Exchange Commission, EDGAR: what companies file, each figure known from its filing."""

from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, Final

from integrations.data.fetch import Call
from integrations.data.reading import day, field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, SourceKeyError, Value
from memory.observation import SeriesInfo

_SPANS: Final = {"quarter": (80, 100), "year": (350, 380), "instant": (0, 0)}


class Edgar(Service):
    """A code is CIK/TAXONOMY/TAG/UNIT/SPAN, e.g. 320193/us-gaap/Revenues/USD/quarter; SPAN is quarter, year or instant."""

    kind = "edgar"
    address = "https://data.sec.gov"
    licence = "public domain, US SEC"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The figure by the end of its span; a figure filed anew with another value is a vintage."""
        cik, taxonomy, tag, unit, span = self._parts(request, "CIK/TAXONOMY/TAG/UNIT/SPAN")
        if span not in _SPANS or not cik.isdigit():
            raise SourceAnswerError(f"{request.code!r} is no code of {self.name}: CIK is a number, SPAN is quarter, year or instant")
        if not self._contact:
            raise SourceKeyError(f'{self.name} wants to know who asks: set contact = "name e-mail" for this source in stoa.toml')
        call = Call(f"{self._base}/api/xbrl/companyconcept/CIK{int(cik):010d}/{taxonomy}/{tag}.json", headers={"user-agent": self._contact})
        answer = self._fetcher.get(call, partial(self._figures, unit, span), now)
        title, values = answer.data
        info = SeriesInfo(
            series=request.series, title=title, unit=unit, currency=unit if len(unit) == 3 else "", kind="level",
            frequency="annual" if span == "year" else "quarterly", source=f"SEC EDGAR {request.code}", licence=self.licence,
        )  # fmt: skip
        return Pulled(info, self._values(request, values), answer.provenance)

    def _figures(self, unit: str, span: str, body: bytes) -> tuple[str, list[Value]]:
        data = json_of(body, self.name)
        rows = rows_of(field(data, ["units", unit], self.name), self.name)
        low, high = _SPANS[span]
        found: list[Value] = []
        last: dict[date, float] = {}
        for row in sorted(rows, key=lambda row: str(field(row, ["filed"], self.name))):
            end, value = day(field(row, ["end"], self.name), self.name), number(field(row, ["val"], self.name), self.name)
            days = (end - day(row["start"], self.name)).days if "start" in row else 0
            if value is None or not low <= days <= high or last.get(end) == value:
                continue
            last[end] = value
            found.append(Value(end, value, self._filed(row), f"{row.get('form', '')} {field(row, ['accn'], self.name)}".strip()))
        return f"{field(data, ['entityName'], self.name)}: {data.get('label') or field(data, ['tag'], self.name)}", found

    def _filed(self, row: Any) -> datetime:
        """The end of the filing day: filings are accepted until 22:00 in New York."""
        from zoneinfo import ZoneInfo

        out = datetime.combine(day(field(row, ["filed"], self.name), self.name), time(22), tzinfo=ZoneInfo("America/New_York"))
        return out.astimezone(UTC)
