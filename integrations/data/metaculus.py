"""Metaculus: what its forecasters together give a question, read only."""

from datetime import UTC, date, datetime
from typing import Any

from integrations.data.fetch import Call
from integrations.data.reading import field, json_of, number, rows_of
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo


class Metaculus(Service):
    """A code is the number of a yes-or-no question's page."""

    kind = "metaculus"
    address = "https://www.metaculus.com/api"
    licence = "Metaculus terms of use"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The community's probability at the end of each day (UTC) on which it moved, known at that moment."""
        key = self._need_key("get a token at www.metaculus.com/accounts/settings and set METACULUS_TOKEN")
        if not request.code.isdigit():
            raise SourceAnswerError(f"{request.code!r} is no code of {self.name}: write the number in the question's address")
        call = Call(f"{self._base}/posts/{request.code}/", {"with_cp": "true"}, headers={"authorization": f"Token {key}"})
        answer = self._fetcher.get(call, self._question, now)
        title, values = answer.data
        info = SeriesInfo(
            series=request.series, title=title, unit="probability", kind="close", frequency="daily", venue="24/7",
            source=f"Metaculus {request.code}", licence=self.licence,
        )  # fmt: skip
        return Pulled(info, self._values(request, values), answer.provenance)

    def _question(self, body: bytes) -> tuple[str, list[Value]]:
        data = json_of(body, self.name)
        question = field(data, ["question"], self.name)
        if field(question, ["type"], self.name) != "binary":
            raise SourceAnswerError(f"{self.name}: this question is not answered by yes or no; only such questions are read")
        rows = rows_of(field(question, ["aggregations", "recency_weighted", "history"], self.name), self.name)
        last: dict[date, Value] = {}
        for row in rows:
            at = number(field(row, ["start_time"], self.name), self.name)
            value = number(field(row, ["centers", 0], self.name), self.name)
            if at is not None and value is not None:
                moment = datetime.fromtimestamp(at, UTC)
                last[moment.date()] = max(Value(moment.date(), value, moment), last.get(moment.date(), _earliest(moment)), key=_known)
        return str(field(data, ["title"], self.name)), list(last.values())


def _known(value: Value) -> Any:
    return value.known_at


def _earliest(moment: datetime) -> Value:
    return Value(moment.date(), 0.0, datetime.min.replace(tzinfo=UTC))
