"""What every connector to a service is made of."""

from collections.abc import Mapping
from datetime import date

from integrations.data.fetch import Fetcher
from memory.data_source import SeriesRequest, SourceAnswerError, SourceKeyError, Value


class Service:
    """A service with an address, perhaps a key, perhaps a person to write to. Connectors add ``pull``."""

    kind = ""
    address = ""
    licence = ""

    def __init__(self, fetcher: Fetcher, base_url: str = "", key: str = "", contact: str = "") -> None:
        self._fetcher = fetcher
        self._base = (base_url or self.address).rstrip("/")
        self._key = key
        self._contact = contact

    @property
    def name(self) -> str:
        """What it is called in messages and in provenance."""
        return self.kind

    def offers(self) -> Mapping[str, str]:
        """Nothing without being asked: a service has too many series to list."""
        return {}

    def _values(self, request: SeriesRequest, values: list[Value]) -> list[Value]:
        """The values from ``since`` on, by day.

        Raises:
            SourceAnswerError: there is none.
        """
        kept = sorted(value for value in values if request.since is None or value.valid_time >= request.since)
        if not kept:
            since = f" since {request.since}" if request.since else ""
            raise SourceAnswerError(f"{self.name} has no values of {request.code}{since}: check the code")
        return kept

    def _parts(self, request: SeriesRequest, form: str) -> list[str]:
        """A code of several parts with slashes.

        Raises:
            SourceAnswerError: it has another number of parts.
        """
        parts = request.code.split("/")
        if len(parts) != form.count("/") + 1 or not all(parts):
            raise SourceAnswerError(f"{request.code!r} is no code of {self.name}: write {form}")
        return parts

    def _need_key(self, where: str) -> str:
        if not self._key:
            raise SourceKeyError(f"{self.name} wants a key: {where}")
        return self._key


def first_year(since: date | None, now: date, years: int) -> int:
    """The first year to ask for: that of ``since``, else ``years`` back."""
    return since.year if since else now.year - years
