"""World Bank commodity prices, the Pink Sheet: monthly averages since 1960, one workbook."""

import io
import re
import zipfile
from datetime import datetime
from functools import partial
from typing import Any

from integrations.data.fetch import Call
from integrations.data.reading import day, number
from integrations.data.source import Service
from memory.data_source import Pulled, SeriesRequest, SourceAnswerError, Value
from memory.observation import SeriesInfo

SHEET = "Monthly Prices"
_PERIOD = re.compile(r"\d{4}M\d{2}$")


class PinkSheet(Service):
    """A code is a column's title, e.g. Silver. A month is out on the second working day after it, 14:00 New York."""

    kind = "pink_sheet"
    address = "https://thedocs.worldbank.org/en/doc/18675f1d1639c7a34d463f59263ba0a2-0050012025/related/CMO-Historical-Data-Monthly.xlsx"
    licence = "CC BY 4.0, World Bank"

    def pull(self, request: SeriesRequest, now: datetime) -> Pulled:
        """The column; its values are averages of the month."""
        answer = self._fetcher.get(Call(self._base), partial(self._column, request.code), now)
        unit, values = answer.data
        info = SeriesInfo(
            series=request.series, title=request.code, unit=unit.strip("()"), currency="USD" if "$" in unit else "", kind="average",
            frequency="monthly", source=f"World Bank Pink Sheet, {request.code}", licence=self.licence,
            release="business day 2 14:00 America/New_York",
        )  # fmt: skip
        return Pulled(info, self._values(request, values), answer.provenance)

    def _column(self, code: str, body: bytes) -> tuple[str, list[Value]]:
        rows = self._rows(body)
        first = next((i for i, row in enumerate(rows) if row and _PERIOD.match(str(row[0] or ""))), None)
        if first is None:
            raise SourceAnswerError(f"{self.name} changed its workbook: no row begins with a month such as 1960M01")
        heads = rows[:first]
        named = [(row, column) for row, head in enumerate(heads) for column, title in enumerate(head) if _plain(title) == _plain(code)]
        if not named:
            titles = sorted({str(cell).strip() for head in heads for cell in head[1:] if cell and not str(cell).startswith("(")})
            raise SourceAnswerError(f"{self.name} has no column {code!r} (it has {', '.join(titles[:12])}): check the code")
        row, column = named[0]
        unit = str(heads[row + 1][column] or "") if row + 1 < len(heads) else ""
        months = [line for line in rows[first:] if line and _PERIOD.match(str(line[0] or "")) and len(line) > column]
        found = [(day(line[0], self.name), number(line[column], self.name)) for line in months]
        return unit, [Value(month, value) for month, value in found if value is not None]

    def _rows(self, body: bytes) -> list[tuple[Any, ...]]:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError) as error:
            raise SourceAnswerError(
                f"{self.name} sends what is no whole workbook: try again later, or set base_url to its new place"
            ) from error
        if SHEET not in book.sheetnames:
            raise SourceAnswerError(f"{self.name} has no sheet {SHEET!r} any more: look for a newer version of Stoa")
        return [tuple(row) for row in book[SHEET].iter_rows(values_only=True)]


def _plain(title: Any) -> str:
    """A title without the marks of footnotes."""
    return re.sub(r"[*\s]+$", "", str(title or "")).strip().lower()
