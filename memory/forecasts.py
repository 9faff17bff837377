"""Forecasts: registered before the fact, resolved by code, never edited."""

import json
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import insert, select
from ulid import ULID

from memory.clock import Clock
from memory.database import Database
from memory.errors import ConflictError, InputError, NotFoundError
from memory.tables import forecasts, resolutions
from memory.thesis import ForecastDraft, chain_hash

Outcome = Literal["yes", "no", "ambiguous", "annulled"]


class Registered(NamedTuple):
    """A forecast with its thesis and, once resolved, its outcome."""

    id: str
    thesis: str
    draft: ForecastDraft
    registered_at: datetime
    outcome: Outcome | None
    resolved_at: datetime | None
    evidence: list[dict[str, Any]]


class Forecasts:
    """The register."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def register(self, thesis: str, draft: ForecastDraft, at: datetime) -> str:
        """Enter a forecast; the same one again returns its id.

        Raises:
            InputError: its day has passed: a forecast is made before the fact.
        """
        body = json.dumps({"thesis": thesis, **draft.model_dump(mode="json")}, sort_keys=True, ensure_ascii=False)
        digest = chain_hash("", body)
        with self._database.writing() as connection:
            known = connection.execute(select(forecasts.c.id).where(forecasts.c.hash == digest)).scalar()
            if known:
                return str(known)
            if draft.resolve_by < at.date():
                raise InputError(f"forecast {draft.name}: {draft.resolve_by} has passed; a forecast is registered before the fact")
            new = str(ULID.from_datetime(self._clock()))
            connection.execute(
                insert(forecasts).values(
                    id=new,
                    thesis=thesis,
                    name=draft.name,
                    body=body,
                    hash=digest,
                    registered_at=at,
                    resolve_by=draft.resolve_by.isoformat(),
                )
            )
            return new

    def all(self, as_of: datetime | None = None, thesis: str = "") -> list[Registered]:
        """Every forecast known at ``as_of``, by resolve date; later resolutions are not shown."""
        query = select(forecasts, resolutions.c.outcome, resolutions.c.resolved_at, resolutions.c.evidence).join(
            resolutions, forecasts.c.id == resolutions.c.forecast_id, isouter=True
        )
        if as_of is not None:
            query = query.where(forecasts.c.registered_at <= as_of)
        if thesis:
            query = query.where(forecasts.c.thesis == thesis)
        with self._database.reading() as connection:
            rows = list(connection.execute(query.order_by(forecasts.c.resolve_by, forecasts.c.id)))
        return [_registered(row, as_of) for row in rows]

    def due(self, as_of: datetime) -> list[Registered]:
        """Open forecasts whose day has come."""
        return [item for item in self.all(as_of) if item.outcome is None and item.draft.resolve_by <= as_of.date()]

    def resolve(self, forecast_id: str, outcome: Outcome, evidence: list[dict[str, Any]], at: datetime) -> bool:
        """Write an outcome, once; False when the same one stands already.

        Raises:
            ConflictError: another outcome stands.
            NotFoundError: no such forecast.
        """
        with self._database.writing() as connection:
            if connection.execute(select(forecasts.c.id).where(forecasts.c.id == forecast_id)).first() is None:
                raise NotFoundError(f"there is no forecast {forecast_id}: stoa forecast list shows those there are")
            query = select(resolutions.c.outcome).where(resolutions.c.forecast_id == forecast_id)
            known = connection.execute(query).scalar()
            if known:
                if known != outcome:
                    raise ConflictError(f"forecast {forecast_id} is resolved {known}; an outcome is never rewritten")
                return False
            connection.execute(
                insert(resolutions).values(forecast_id=forecast_id, outcome=outcome, value=None, evidence=evidence, resolved_at=at)
            )
            return True

    def mismatched(self) -> list[str]:
        """Ids of forecasts whose text no longer has its hash."""
        with self._database.reading() as connection:
            rows = connection.execute(select(forecasts.c.id, forecasts.c.body, forecasts.c.hash))
            return [row.id for row in rows if chain_hash("", row.body) != row.hash]


def _registered(row: Any, as_of: datetime | None) -> Registered:
    body = json.loads(row.body)
    thesis = body.pop("thesis")
    seen = row.outcome is not None and (as_of is None or row.resolved_at <= as_of)
    return Registered(
        row.id, thesis, ForecastDraft(**body), row.registered_at, row.outcome if seen else None,
        row.resolved_at if seen else None, row.evidence if seen else [],
    )  # fmt: skip


def day_of(text: str) -> date:
    """An ISO date.

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no date: write it as 2026-01-31") from error
