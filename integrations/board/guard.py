"""Who is there, and whether a request may do what it asks: token or proxy sign-in, sessions, CSRF, headers."""

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from integrations.settings import BoardSettings
from memory.clock import Clock

COOKIE = "stoa_session"
NAME_LENGTH = 60
TRIES, WITHIN = 8, timedelta(minutes=1)
"""Wrong tokens that are answered before the door stays shut for a while."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Person(NamedTuple):
    """Who is signed in, and what ties their forms to this sign-in."""

    name: str
    nonce: str


class Guard:
    """Sign-in by token or by a proxy's header; a session is a signed cookie, so nothing is kept on the server."""

    def __init__(self, settings: BoardSettings, token: str, clock: Clock) -> None:
        self._settings = settings
        self._token = token
        # Whoever changes the token ends all sessions; without one, they end with the process.
        self._key = hashlib.sha256(f"stoa board {token or secrets.token_hex(32)}".encode()).digest()
        self._clock = clock
        self._wrong: deque[datetime] = deque(maxlen=TRIES)

    @property
    def by_proxy(self) -> bool:
        """Whether people come in through a proxy that signs them in."""
        return bool(self._settings.proxy_header)

    def sign_in(self, name: str, token: str) -> str | None:
        """A session for who knows the token; None for who does not, and for everybody after too many wrong ones."""
        if not self.knows(token):
            return None
        shown = "".join(c for c in name.strip() if c.isprintable())[:NAME_LENGTH] or "person"
        return self._signed(f"{quote(shown, safe='')}|{int(self._clock().timestamp())}|{secrets.token_hex(8)}")

    def knows(self, token: str) -> bool:
        """Whether somebody knows the token; nobody does after too many wrong ones."""
        now = self._clock()
        if self.shut(now):
            return False
        if not self._token or not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            self._wrong.append(now)
            return False
        return True

    def shut(self, now: datetime) -> bool:
        """Whether there were too many wrong tokens of late."""
        return len(self._wrong) == TRIES and now - self._wrong[0] < WITHIN

    def person(self, headers: Mapping[str, str], cookie: str, address: str) -> Person | None:
        """Who sends a request; None for a stranger."""
        if self.by_proxy:
            name = headers.get(self._settings.proxy_header.lower(), "").strip()[:NAME_LENGTH]
            return Person(name, name) if name and address in self._settings.proxies else None
        text, _, signature = cookie.rpartition("|")
        if not text or not hmac.compare_digest(signature, self._mac("session", text)):
            return None
        name, since, nonce = text.split("|")
        if self._clock().timestamp() - int(since) > self._settings.session_hours * 3600:
            return None
        return Person(unquote(name), nonce)

    def csrf(self, person: Person) -> str:
        """What a form of this person must bring back."""
        return self._mac("form", person.nonce)

    def own_form(self, person: Person, given: str, headers: Mapping[str, str]) -> bool:
        """Whether a form was sent by this person from one of our pages."""
        return self.own_page(headers) and hmac.compare_digest(given.encode(), self.csrf(person).encode())

    @staticmethod
    def own_page(headers: Mapping[str, str]) -> bool:
        """Whether the browser says that a request comes from one of our pages, as far as it says anything."""
        origin = headers.get("origin", "")
        same = not origin or urlsplit(origin).netloc == headers.get("host", "")
        return same and headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}

    def may_decide(self, person: Person) -> bool:
        """Whether a person may approve, resume and cancel."""
        return not self._settings.approvers or person.name in self._settings.approvers

    def _signed(self, text: str) -> str:
        return f"{text}|{self._mac('session', text)}"

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}|{text}".encode(), hashlib.sha256).hexdigest()
