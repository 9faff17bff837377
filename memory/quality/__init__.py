"""Quality checks before any use: each finding has a severity, a sentence that says what to do, and the rows."""

from memory.quality.finding import Finding, Row, Severity, worst_first
from memory.quality.levels import log_returns
from memory.quality.suite import Sheet, check_series, check_sheets, condensed, read_sheets

__all__ = ["Finding", "Row", "Severity", "Sheet", "check_series", "check_sheets", "condensed", "log_returns", "read_sheets", "worst_first"]
