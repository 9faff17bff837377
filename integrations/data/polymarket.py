"""Polymarket: prices of questions, read only. A price is a probability as the market has it, not a truth."""

import json
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from integrations.data.fetch import Call
from integrations.data.reading import field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo

PRICES = "https://clob.polymarket.com"


class Polymarket(Service):
    """A code is the question's slug and, after a slash, the outcome: us-shutdown-by-january-31/Yes."""

    kind = "polymarket"
    address = "https://gamma-api.polymarket.com"
    licence = "Polymarket terms of use"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The last price of each day (UTC), known when it was traded."""
        slug, outcome = self._parts(request, "SLUG/OUTCOME")
        question = self._fetcher.get(Call(f"{self._base}/markets", {"slug": slug}), partial(self._token, slug, outcome), now)
        title, token = question.data
        prices = PRICES if self._base == self.address else self._base
        call = Call(f"{prices}/prices-history", {"market": token, "interval": "max", "fidelity": "1440"})
        answer = self._fetcher.get(call, self._history, now)
        info = SeriesInfo(
            series=request.series, title=f"{title}: {outcome}", unit="probability", kind="close", frequency="daily", venue="24/7",
            source=f"Polymarket {request.code}", licence=self.licence,
        )  # fmt: skip
        return Pulled(info, self._values(request, answer.data), answer.provenance)

    def _token(self, slug: str, outcome: str, body: bytes) -> tuple[str, str]:
        rows = rows_of(json_of(body, self.name), self.name)
        if not rows:
            raise SourceAnswerError(f"{self.name} has no question {slug!r}: copy the end of its address")
        names = self._list(field(rows[0], ["outcomes"], self.name))
        tokens = self._list(field(rows[0], ["clobTokenIds"], self.name))
        if outcome not in names or len(names) != len(tokens):
            raise SourceAnswerError(f"{self.name}: {slug} has no outcome {outcome!r}: take one of {', '.join(map(str, names))}")
        return str(field(rows[0], ["question"], self.name)), str(tokens[names.index(outcome)])

    def _list(self, value: Any) -> list[Any]:
        """A list that the service sends as text."""
        found = json_of(value.encode(), self.name) if isinstance(value, str) else value
        if not isinstance(found, list):
            raise SourceAnswerError(f"{self.name} changed its answer: {json.dumps(value)[:60]} is no list")
        return found

    def _history(self, body: bytes) -> list[Value]:
        last: dict[date, Value] = {}
        for row in rows_of(field(json_of(body, self.name), ["history"], self.name), self.name):
            at = number(field(row, ["t"], self.name), self.name)
            price = number(field(row, ["p"], self.name), self.name)
            if at is not None and price is not None:
                moment = datetime.fromtimestamp(at, UTC)
                known = last.get(moment.date())
                if known is None or known.known_at is None or known.known_at <= moment:
                    last[moment.date()] = Value(moment.date(), price, moment)
        return list(last.values())
