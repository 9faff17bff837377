"""The board as an ASGI application: routes, who may pass, and the headers of every answer."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.board.events import Now, Ticker
from integrations.board.glyphs import font_file, font_sheet
from integrations.board.guard import COOKIE, HEADERS, Guard, Person
from integrations.board.pages import approvals, book, channel, data, door, records, runs, score, thesis
from integrations.board.pen import Pen
from integrations.board.visit import LANGUAGES, THEMES, Visit, render
from integrations.desk import Desk
from integrations.watching.app import health, samples
from memory.errors import ConflictError, NotFoundError, StoaError
from memory.glance import Glance, pulse
from memory.market import Market
from memory.recall import Recall

Page: TypeAlias = Callable[[Visit], Response]
_LOG = logging.getLogger(__name__)
BODY = 64_000
"""Bytes of a form at the most."""


@dataclass
class Board:
    """What the pages share: the desk for reading, the guard, and the pen for writing."""

    desk: Desk
    guard: Guard
    now: Now
    pen: Pen
    ticker: Ticker | None = None
    _market: tuple[object, Market] | None = field(default=None, repr=False)

    @cached_property
    def glance(self) -> Glance:
        """The book for many readers."""
        return Glance(self.desk.database)

    @cached_property
    def recall(self) -> Recall:
        """Search by words: the vector index has one owner at a time, and a board that only reads is not it."""
        return Recall(self.desk.database, self.desk.store, lambda: None)

    @property
    def market(self) -> Market:
        """Series as the log holds them now: another process may have added to it."""
        log = self.desk.state / "observations"
        seen = sorted((path.name, path.stat().st_mtime_ns) for path in log.glob("*")) if log.exists() else []
        if self._market is None or self._market[0] != seen:
            self._market = (seen, Market(self.desk.folder / "data", log))
        return self._market[1]

    def close(self) -> None:
        """Finish what is being written and let go of the files."""
        self.pen.close()


def make_app(desk: Desk, token: str, hosts: tuple[str, ...] = ()) -> Starlette:
    """The application for a desk that the caller opened and closes."""
    now = Now()
    board = Board(desk, Guard(desk.settings.board, token, desk.clock), now, Pen(desk, now))
    allowed = ["localhost", "127.0.0.1", "[::1]", *desk.settings.board.hosts, *hosts]
    return Starlette(
        routes=_routes(board),
        middleware=[
            Middleware(Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=allowed, www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=1_000),
        ],
        exception_handlers={HTTPException: _refused(board)},
        lifespan=_lifespan(board),
        max_body_size=BODY,
    )


def _routes(board: Board) -> list[Route | Mount]:
    open_pages: list[tuple[str, Page]] = [("/sign-in", door.sign_in_page)]
    pages: list[tuple[str, Page]] = [
        ("/", book.page), ("/theses/{slug}", thesis.page), ("/theses/{slug}/diff", thesis.difference),
        ("/channel", channel.page), ("/channel/{thread:path}", channel.page), ("/runs", runs.page), ("/runs/{run_id}", runs.one),
        ("/runs/{run_id}/charts/{name}", runs.chart), ("/approvals", approvals.page), ("/data", data.page),
        ("/data/{series}", data.one), ("/memory", records.search), ("/records/{record_id}", records.one),
        ("/score", score.page), ("/record", score.record), ("/record.json", score.record_file),
        ("/glyphs.css", font_sheet), ("/glyphs.woff", font_file),
    ]  # fmt: skip
    forms: list[tuple[str, Page]] = [
        ("/sign-out", door.sign_out), ("/look", door.look), ("/post", channel.post), ("/runs", runs.start),
        ("/runs/{run_id}/resume", runs.resume), ("/runs/{run_id}/cancel", runs.cancel), ("/approvals/{approval_id}", approvals.decide),
    ]  # fmt: skip
    return [
        Route("/healthz", lambda _request: health(board.desk, told=False)),
        Route("/metrics", _metrics(board)),
        Route("/events", _events(board)),
        Route("/sign-in", _endpoint(board, door.sign_in, form=True, stranger=True), methods=["POST"]),
        *[Route(path, _endpoint(board, page, stranger=True)) for path, page in open_pages],
        *[Route(path, _endpoint(board, page, form=True), methods=["POST"]) for path, page in forms],
        *[Route(path, _endpoint(board, page)) for path, page in pages],
        Mount("/static", StaticFiles(packages=[("integrations.board", "static")])),
    ]


def _endpoint(board: Board, page: Page, *, form: bool = False, stranger: bool = False) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        visit = await _visit(board, request, form=form)
        if visit.person is None and not stranger:
            return _to_the_door(board, visit, request)
        if form and not _own(board, visit, request):
            return render(visit, "error.html.j2", 403, message=visit.say("stale_form"))
        try:
            return await run_in_threadpool(page, visit)
        except StoaError as error:
            status = 404 if isinstance(error, NotFoundError) else 409 if isinstance(error, ConflictError) else 400
            return render(visit, "error.html.j2", status, message=str(error))
        except Exception:  # noqa: BLE001 - logged with its traceback
            # The edge of a listener: the visitor reads a sentence, the log has the rest.
            _LOG.exception("the page %s failed", request.url.path)
            return render(visit, "error.html.j2", 500, message=visit.say("failed"))

    return endpoint


def _own(board: Board, visit: Visit, request: Request) -> bool:
    """Whether a form comes from one of our pages; a stranger's has no sign-in that it could bring back."""
    if visit.person is None:
        return board.guard.own_page(request.headers)
    return board.guard.own_form(visit.person, visit.form.get("csrf", ""), request.headers)


async def _visit(board: Board, request: Request, *, form: bool = False) -> Visit:
    fields = {name: value for name, value in (await request.form()).items() if isinstance(value, str)} if form else {}
    language = request.cookies.get("stoa_language", "")
    if language not in LANGUAGES:
        language = "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"
    theme = request.cookies.get("stoa_theme", "auto")
    return Visit(
        board=board, path=request.url.path, params=request.path_params, query=request.query_params, form=fields,
        person=_person(board, request), language=language, theme=theme if theme in THEMES else "auto",
        mark=board.ticker.mark if board.ticker else "", secure=request.url.scheme == "https",
    )  # fmt: skip


def _person(board: Board, request: Request) -> Person | None:
    address = request.client.host if request.client else ""
    return board.guard.person(request.headers, request.cookies.get(COOKIE, ""), address)


def _to_the_door(board: Board, visit: Visit, request: Request) -> Response:
    if board.guard.by_proxy:
        return render(visit, "error.html.j2", 401, message=visit.say("no_proxy_name"))
    if request.method != "GET":
        return render(visit, "error.html.j2", 401, message=visit.say("signed_out"))
    return RedirectResponse("/sign-in", 303)


def _events(board: Board) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if _person(board, request) is None or board.ticker is None:
            return PlainTextResponse("sign in first", 401)
        since = request.headers.get("last-event-id") or request.query_params.get("since", "")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
        return StreamingResponse(board.ticker.events(since[:200]), media_type="text/event-stream", headers=headers)

    return endpoint


def _metrics(board: Board) -> Callable[[Request], Response]:
    """For who is signed in, and for a program that brings the token, which cannot sign in."""

    def endpoint(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if _person(board, request) is None and not (scheme.lower() == "bearer" and board.guard.knows(token)):
            return PlainTextResponse("bring the board's token: Authorization: Bearer …", 401, {"WWW-Authenticate": "Bearer"})
        return samples(board.desk)

    return endpoint


def _refused(board: Board) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        visit = await _visit(board, request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        return render(visit, "error.html.j2", status, message=visit.say("no_such_page" if status == 404 else "refused"))

    return handler


def _lifespan(board: Board) -> Callable[[Starlette], Any]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if board.desk.vectors.outdated:
            board.pen.renew_index()
        del app
        await run_in_threadpool(board.glance.steps)
        await run_in_threadpool(board.glance.entries)
        board.ticker = Ticker(lambda: pulse(board.desk.database), board.now)
        looking = asyncio.create_task(board.ticker.run())
        try:
            yield
        finally:
            looking.cancel()
            await run_in_threadpool(board.close)

    return lifespan


class Headers:
    """Puts the guard's headers and the server's time on every answer; pages are never kept by a cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                kept = "public, max-age=31536000, immutable" if scope["path"].startswith("/static/") else "no-store"
                headers.setdefault("Cache-Control", kept)
                headers["Server-Timing"] = f"app;dur={1000 * (time.perf_counter() - began):.1f}"
            await send(message)

        await self.app(scope, receive, sending)
