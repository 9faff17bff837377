"""Reading from a service over HTTP: with a cache, with patience, and with a record of where the bytes came from."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import httpx

from memory.data_source import Provenance, SourceAnswerError, SourceKeyError, SourceUnreachableError

T = TypeVar("T")
ATTEMPTS = 5
LONGEST_WAIT = 30.0
LARGEST = 64 * 2**20
_BUSY = frozenset({429, 500, 502, 503, 504})
_AGENT = "stoa-desk (research desk; reads only)"


class Call(NamedTuple):
    """A request: ``secrets`` are parameters and ``headers`` fields that appear in no message, cache name or provenance."""

    url: str
    params: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: Mapping[str, Any] | None = None
    secret_body: Mapping[str, Any] = {}

    @property
    def public(self) -> str:
        """The address without keys."""
        return str(httpx.URL(self.url, params=dict(self.params))) if self.params else self.url


class Answer(NamedTuple, Generic[T]):
    """What was read from the body, and where it came from."""

    data: T
    provenance: Provenance


class Fetcher:
    """One source's way to its service.

    Busy and broken answers are tried again up to five times, waiting twice as long each time, or as long as ``Retry-After``
    says but never more than 30 seconds. An answer is kept only when ``read`` understood it, for ``max_age``.
    """

    def __init__(
        self, name: str, licence: str, cache: Path | None = None, max_age: timedelta = timedelta(hours=6),
        pause: Callable[[float], None] = time.sleep, transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.licence = licence
        self._cache = cache
        self._max_age = max_age
        self._pause = pause
        self._transport = transport

    def get(self, call: Call, read: Callable[[bytes], T], now: datetime) -> Answer[T]:
        """The body, understood by ``read``; from the cache when it is young enough.

        Raises:
            SourceKeyError: the service refuses the key.
            SourceUnreachableError: it stays busy or broken.
            SourceAnswerError: it answers with something else than data.
        """
        place = self._place(call)
        kept = self._kept(place, now)
        if kept is not None:
            body, fetched = kept
            return Answer(read(body), self._provenance(call, body, fetched, cached=True))
        body = self._fetch(call)
        if body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            raise SourceAnswerError(f"{self.name} answers {call.public} with a web page instead of data: try again later")
        data = read(body)
        self._keep(place, body, now)
        return Answer(data, self._provenance(call, body, now, cached=False))

    def _provenance(self, call: Call, body: bytes, fetched: datetime, *, cached: bool) -> Provenance:
        digest = hashlib.sha256(body).hexdigest()
        return Provenance(source=self.name, url=call.public, fetched_at=fetched, licence=self.licence, sha256=digest, cached=cached)

    def _fetch(self, call: Call) -> bytes:
        reason = ""
        with httpx.Client(timeout=30, follow_redirects=True, transport=self._transport, headers={"user-agent": _AGENT}) as client:
            for attempt in range(ATTEMPTS):
                wait = 0.5 * 2**attempt
                try:
                    response = self._send(client, call)
                except httpx.TransportError as error:
                    reason = type(error).__name__
                else:
                    if response.status_code not in _BUSY:
                        return self._whole(call, response)
                    reason = str(response.status_code)
                    wait = _retry_after(response, wait)
                if attempt < ATTEMPTS - 1:
                    self._pause(min(wait, LONGEST_WAIT))
        raise SourceUnreachableError(f"{self.name} cannot be reached ({reason}, {ATTEMPTS} attempts): try again later")

    def _send(self, client: httpx.Client, call: Call) -> httpx.Response:
        params = {**call.params, **call.secrets}
        if call.body is None:
            request = client.build_request("GET", call.url, params=params or None, headers=dict(call.headers))
        else:
            body = {**call.body, **call.secret_body}
            request = client.build_request("POST", call.url, params=params or None, headers=dict(call.headers), json=body)
        response = client.send(request, stream=True)
        try:
            parts, size = [], 0
            for part in response.iter_bytes():
                size += len(part)
                if size > LARGEST:
                    raise SourceAnswerError(f"{self.name} sends more than {LARGEST // 2**20} MB for {call.public}: ask for fewer years")
                parts.append(part)
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=_plain_headers(response), content=b"".join(parts), request=request)

    def _whole(self, call: Call, response: httpx.Response) -> bytes:
        if response.status_code in {401, 403}:
            raise SourceKeyError(f"{self.name} refuses the key or the address ({response.status_code}): check the key of this source")
        if response.status_code >= 400:
            said = " ".join(response.text.split())[:200]
            for secret in (*call.secrets.values(), *call.headers.values(), *map(str, call.secret_body.values())):
                said = said.replace(secret, "…") if secret else said
            raise SourceAnswerError(f"{self.name} answers {response.status_code} to {call.public}: {said or 'without a reason'}")
        return response.content

    def _place(self, call: Call) -> Path | None:
        if self._cache is None:
            return None
        name = json.dumps([self.name, call.public, call.body], sort_keys=True)
        return self._cache / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.body"

    def _kept(self, place: Path | None, now: datetime) -> tuple[bytes, datetime] | None:
        if place is None or not place.exists():
            return None
        stamp, _, body = place.read_bytes().partition(b"\n")
        fetched = datetime.fromisoformat(stamp.decode())
        return (body, fetched) if timedelta(0) <= now - fetched <= self._max_age else None

    def _keep(self, place: Path | None, body: bytes, now: datetime) -> None:
        if place is None:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_suffix(".partial")
        partial.write_bytes(now.astimezone(UTC).isoformat().encode() + b"\n" + body)
        partial.replace(place)


def _plain_headers(response: httpx.Response) -> dict[str, str]:
    """The headers that still hold once the body is unpacked."""
    return {name: response.headers[name] for name in ("content-type", "retry-after", "date") if name in response.headers}


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    """Seconds to wait: a number, or a moment counted from the answer's own date."""
    said = response.headers.get("retry-after", "").strip()
    if said.isdigit():
        return float(said)
    try:
        until, sent = parsedate_to_datetime(said), parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError):
        return otherwise
    return max((until - sent).total_seconds(), 0.0)
