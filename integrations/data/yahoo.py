"""Yahoo Finance through yfinance: convenient, unofficial, and so never what decides a forecast."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from importlib.util import find_spec

from memory.data_source import Provenance, Pulled, SeriesRequest, SourceAnswerError, SourceUnreachableError, Value
from memory.observation import SeriesInfo

History = Callable[[str, date | None], Iterable[tuple[date, float]]]
LICENCE = "Yahoo terms of use: personal use, no redistribution"


class Yahoo:
    """A code is Yahoo's own, e.g. SLV. Closes as traded, not adjusted for dividends."""

    def __init__(self, history: History | None = None) -> None:
        self._history = history

    @property
    def name(self) -> str:
        """What it is called in messages and in provenance."""
        return "yahoo"

    def offers(self) -> Mapping[str, str]:
        """Nothing without being asked."""
        return {}

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The closes; ``resolves`` is false, so no forecast is decided by them."""
        history = self._history or _yfinance()
        try:
            values = [Value(day, close) for day, close in history(request.code, request.since) if close == close]  # noqa: PLR0124 - NaN
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            message = f"yahoo cannot be read ({type(error).__name__}): try again later, or use another source"
            raise SourceUnreachableError(message) from error
        if not values:
            raise SourceAnswerError(f"yahoo has no values of {request.code}: check the code")
        digest = hashlib.sha256(repr(values).encode()).hexdigest()
        info = SeriesInfo(
            series=request.series, title=request.code, kind="close", frequency="daily", source=f"Yahoo {request.code}", licence=LICENCE,
            release="same day 23:00 UTC", resolves=False,
        )  # fmt: skip
        url = f"https://finance.yahoo.com/quote/{request.code}"
        provenance = Provenance(source="yahoo", url=url, fetched_at=now, licence=LICENCE, sha256=digest)
        return Pulled(info, sorted(values), provenance, ("unofficial: it decides no forecast",))


def _yfinance() -> History:
    if find_spec("yfinance") is None:
        raise SourceAnswerError("the source yahoo needs the package yfinance: install it with pip install 'stoa-desk[yahoo]'")

    def history(code: str, since: date | None) -> Iterable[tuple[date, float]]:
        import yfinance
        from yfinance.exceptions import YFException

        bounds = {"start": since.isoformat()} if since else {"period": "max"}
        try:
            frame = yfinance.Ticker(code).history(auto_adjust=False, **bounds)
        except YFException as error:
            raise SourceUnreachableError(f"yahoo refuses {code} ({error}): try again later, or use another source") from error
        return [(stamp.date(), float(close)) for stamp, close in frame["Close"].items()]

    return history
