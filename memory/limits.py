"""How much the desk may ask of a provider in a minute: one count for all runs, on all machines."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from memory.clock import Clock
from memory.database import Database
from memory.errors import InputError
from memory.tables import model_usage

MINUTE = 60.0
KEPT_MINUTES = 5


class Usage(NamedTuple):
    """Calls and tokens of the last minute."""

    calls: float
    tokens: float


class RateLimit:
    """Calls and tokens a minute, 0 for no limit.

    A sliding minute: what was booked in the minute before counts by the share of it that is not yet 60 s ago. A call that is larger
    than the limit is let through when nothing else was booked, or it would wait for ever.
    """

    def __init__(self, database: Database, calls: int = 0, tokens: int = 0, clock: Clock | None = None) -> None:
        if calls < 0 or tokens < 0:
            raise InputError("a limit per minute is 0 or more: 0 means none")
        self._database = database
        self._calls = calls
        self._tokens = tokens
        self._clock = clock

    def acquire(self, provider: str, tokens: int) -> float:
        """Book one call of about so many tokens; returns 0, or how many seconds to wait before asking again (nothing is booked)."""
        if not (self._calls or self._tokens):
            return 0.0
        with self._database.writing() as connection:
            minute, share = self._moment(connection)
            before, now = self._booked(connection, provider, minute)
            wait = max(
                _seconds(self._calls, before.calls, now.calls, 1, share),
                _seconds(self._tokens, before.tokens, now.tokens, tokens, share),
            )
            if not wait:
                self._add(connection, provider, minute, 1, tokens)
        return wait

    def correct(self, provider: str, booked: int, used: int) -> None:
        """Replace the tokens that a call was booked with by those it used."""
        if self._tokens and booked != used:
            with self._database.writing() as connection:
                self._add(connection, provider, self._moment(connection)[0], 0, used - booked)

    def used(self, provider: str) -> Usage:
        """What counts against the limits now."""
        with self._database.reading() as connection:
            minute, share = self._moment(connection)
            before, now = self._booked(connection, provider, minute)
        return Usage(before.calls * (1 - share) + now.calls, before.tokens * (1 - share) + now.tokens)

    def _moment(self, connection: Connection) -> tuple[int, float]:
        """The minute since 1970, and how much of it is over."""
        seconds = (self._clock() if self._clock else self._database.now(connection)).timestamp()
        minute, rest = divmod(seconds, MINUTE)
        return int(minute), rest / MINUTE

    def _booked(self, connection: Connection, provider: str, minute: int) -> tuple[Usage, Usage]:
        query = select(model_usage).where(model_usage.c.provider == provider, model_usage.c.minute.in_((minute - 1, minute)))
        found = {row.minute: Usage(row.calls, max(0, row.tokens)) for row in connection.execute(query)}
        nothing = Usage(0, 0)
        return found.get(minute - 1, nothing), found.get(minute, nothing)

    def _add(self, connection: Connection, provider: str, minute: int, calls: int, tokens: int) -> None:
        mine = (model_usage.c.provider == provider) & (model_usage.c.minute == minute)
        values = {"calls": model_usage.c.calls + calls, "tokens": model_usage.c.tokens + tokens}
        if not connection.execute(update(model_usage).where(mine).values(**values)).rowcount:
            connection.execute(insert(model_usage).values(provider=provider, minute=minute, calls=calls, tokens=tokens))
            # Minutes that no longer count; those ahead are from before a clock was set back.
            old = (model_usage.c.minute < minute - KEPT_MINUTES) | (model_usage.c.minute > minute + KEPT_MINUTES)
            connection.execute(delete(model_usage).where(model_usage.c.provider == provider, old))


def _seconds(limit: int, before: float, now: float, more: int, share: float) -> float:
    """How long until ``more`` fits: ``before * (1 - share) + now + more <= limit``, or the minute is over and counts as before."""
    if not limit:
        return 0.0
    room = limit - now - more
    if before * (1 - share) <= room or not (before * (1 - share) or now):
        return 0.0
    if room >= 0:
        return max(0.05, MINUTE * (1 - room / before - share))
    # Only when this minute is the one before does what it holds begin to go.
    rest = MINUTE * (1 - share)
    gone = 1.0 if more >= limit else 1 - (limit - more) / now
    return rest + MINUTE * max(0.0, gone)
