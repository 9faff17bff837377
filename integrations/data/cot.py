"""CFTC Commitments of Traders, legacy futures only: Tuesday's positions, released on Friday at 15:30 in New York."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final

from integrations.data.fetch import Call
from integrations.data.reading import day, field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo

FIELDS: Final[dict[str, tuple[str, str]]] = {
    "open_interest": ("open_interest_all", ""),
    "noncomm_long": ("noncomm_positions_long_all", ""),
    "noncomm_short": ("noncomm_positions_short_all", ""),
    "noncomm_net": ("noncomm_positions_long_all", "noncomm_positions_short_all"),
    "comm_long": ("comm_positions_long_all", ""),
    "comm_short": ("comm_positions_short_all", ""),
    "comm_net": ("comm_positions_long_all", "comm_positions_short_all"),
}


class Cot(Service):
    """A code is CONTRACT/FIELD, e.g. 084691/noncomm_net (COMEX silver)."""

    kind = "cot"
    address = "https://publicreporting.cftc.gov"
    licence = "public domain, US CFTC"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The field by Tuesday, in contracts."""
        contract, name = self._parts(request, "CONTRACT/FIELD")
        if name not in FIELDS or not contract.isalnum():
            raise SourceAnswerError(f"{name!r} is no field of {self.name}: take one of {', '.join(FIELDS)}")
        params = {
            "$where": f"cftc_contract_market_code='{contract}'", "$order": "report_date_as_yyyy_mm_dd", "$limit": "50000",
        }  # fmt: skip
        answer = self._fetcher.get(Call(f"{self._base}/resource/6dca-aqww.json", params), partial(self._rows, name), now)
        title, values = answer.data
        info = SeriesInfo(
            series=request.series, title=f"{title}, {name}", unit="contracts", kind="count", frequency="weekly",
            source=f"CFTC {request.code}", licence=self.licence, release="friday 15:30 America/New_York",
        )  # fmt: skip
        notes = ("release times are the schedule's; in a shutdown the reports came later",)
        return Pulled(info, self._values(request, values), answer.provenance, notes)

    def _rows(self, name: str, body: bytes) -> tuple[str, list[Value]]:
        plus, minus = FIELDS[name]
        rows = rows_of(json_of(body, self.name), self.name)
        found = []
        for row in rows:
            tuesday = day(field(row, ["report_date_as_yyyy_mm_dd"], self.name), self.name)
            value = number(field(row, [plus], self.name), self.name)
            less = number(field(row, [minus], self.name), self.name) if minus else 0.0
            if value is not None and less is not None:
                found.append(Value(tuesday, value - less, released(tuesday)))
        return str(rows[0].get("market_and_exchange_names", "")) if rows else "", found


def released(positions: date) -> datetime:
    """Friday 15:30 in New York after the day of the positions; a holiday from Wednesday on puts it off to Monday."""
    from zoneinfo import ZoneInfo

    friday = positions + timedelta(days=(4 - positions.weekday()) % 7 or 7)
    if any(_holiday(friday - timedelta(days=back)) for back in range(3)):
        friday += timedelta(days=3)
    return datetime.combine(friday, time(15, 30), tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)


def _holiday(day: date) -> bool:
    """A federal holiday by its rule, or the weekday on which one that falls at a weekend is kept."""
    third, last = (day.day - 1) // 7 == 2, day.day > 24
    floating = {
        (1, 0): third, (2, 0): third, (5, 0): last, (9, 0): day.day < 8, (10, 0): (day.day - 1) // 7 == 1, (11, 3): (day.day - 1) // 7 == 3,
    }  # fmt: skip
    if floating.get((day.month, day.weekday()), False):
        return True
    fixed = {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)}
    kept = [day] + ([day + timedelta(days=1)] if day.weekday() == 4 else []) + ([day - timedelta(days=1)] if day.weekday() == 0 else [])
    return any((other.month, other.day) in fixed for other in kept)
