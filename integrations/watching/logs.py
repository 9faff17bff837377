"""Logs for machines: one JSON object a line, with the run that it is about."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

from orchestrator.current import RUN

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class JsonLines(logging.Formatter):
    """``time`` (UTC), ``level``, ``logger``, ``message``, and where there is one ``run_id`` and ``error`` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; whatever stands in the message stays inside its quotes."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if run := getattr(record, "run_id", "") or RUN.get():
            line["run_id"] = run
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def in_a_line(record: logging.LogRecord) -> bool:
    """A queue whose database is away is no fault of the program: whoever reads the log at night needs no traceback of it."""
    error = record.exc_info[1] if record.exc_info else None
    # By its name: few commands have Procrastinate loaded.
    if error is not None and "ConnectorException" in {kind.__name__ for kind in type(error).__mro__}:
        record.msg, record.args, record.exc_info = f"the queue's database cannot be used: {error.__cause__ or error}", (), None
    return True


def start_logging(kind: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Write the log of a serving process to stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(in_a_line)
    handler.setFormatter(JsonLines() if kind == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # httpx tells each request with its whole address, in which a data source's key may stand.
    for chatty in ("httpx", "procrastinate"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Of a database that is away the queue tells; the pool would tell of every attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
