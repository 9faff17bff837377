"""Stooq: daily prices of shares, funds, currencies and futures."""

from datetime import datetime

from integrations.data.fetch import Call
from integrations.data.reading import csv_of, day, number
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, SourceKeyError, Value
from memory.observation import SeriesInfo


class Stooq(Service):
    """A code is Stooq's own, e.g. slv.us. A day's close is taken to be known at 23:00 UTC."""

    kind = "stooq"
    address = "https://stooq.com"
    licence = "Stooq: personal use, no redistribution"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The closes."""
        params = {"s": request.code.lower(), "i": "d"}
        secrets = {"apikey": self._key} if self._key else {}
        answer = self._fetcher.get(Call(f"{self._base}/q/d/l/", params, secrets), self._closes, now)
        info = SeriesInfo(
            series=request.series, title=request.code.upper(), unit="", kind="close", frequency="daily", source=f"Stooq {request.code}",
            licence=self.licence, release="same day 23:00 UTC",
        )  # fmt: skip
        return Pulled(
            info, self._values(request, answer.data), answer.provenance, ("adjusted for splits as of the pull, not as of each day",)
        )

    def _closes(self, body: bytes) -> list[Value]:
        said = body[:200].decode("utf-8", "replace").strip().lower()
        if said.startswith("no data"):
            raise SourceAnswerError(f"{self.name} has no such code: look it up at stooq.com")
        if said.startswith("exceeded"):
            raise SourceAnswerError(f"{self.name} gives no more today: try again tomorrow")
        if "apikey" in said:
            raise SourceKeyError(f"{self.name} wants a key: get one at stooq.com and set STOOQ_API_KEY")
        found = []
        for row in csv_of(body, self.name, ("Date", "Close"), newline=True):
            value = number(row["Close"], self.name)
            if value is not None:
                found.append(Value(day(row["Date"], self.name), value))
        return found
