"""The desk's Slack app: the bolt app, what it keeps before it acknowledges, and the loops that work on it."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from integrations.slack import decisions, modals
from integrations.slack.answers import Answers
from integrations.slack.channel import SlackChannel
from integrations.slack.drafts import Drafts
from integrations.slack.errors import SlackSetupError
from integrations.slack.inbound import EDIT, read
from integrations.slack.inbox_writer import InboxWriter
from integrations.slack.pace import Pace
from integrations.slack.retention import tidy
from integrations.slack.sender import Sender
from integrations.slack.worker import Worker
from memory.clock import system_clock
from memory.slack_inbox import SlackInbox
from memory.slack_outbox import SlackOutbox

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    from integrations.desk import Desk
    from integrations.settings import SlackSettings, SlackTokens

log = logging.getLogger("stoa.slack")

EXPIRY_SECONDS = 30.0
TIDY_SECONDS = 3600.0
LOOK_SECONDS = 2.0
"""How soon Slack shows what a worker, the board or a command did."""
GRACE_SECONDS = 5.0
SWITCH_SECONDS = 0.0005
"""Between threads: with Python's 5 ms, the loop that acknowledges waits a quarter of a second behind two busy workers."""


def missing(desk: "Desk", tokens: "SlackTokens") -> str:
    """What must be set before the desk can be in Slack, as one sentence; empty when nothing is missing."""
    if find_spec("slack_bolt") is None or find_spec("aiohttp") is None:
        return "the Slack packages are not installed: install stoa-desk[slack]"
    if tokens.oauth:
        return "SLACK_CLIENT_ID is set, which is for apps of many workspaces: unset it and SLACK_CLIENT_SECRET"
    settings = desk.settings.slack
    wanted = {"SLACK_BOT_TOKEN": tokens.bot}
    wanted |= {"SLACK_APP_TOKEN": tokens.app} if settings.mode == "socket" else {"SLACK_SIGNING_SECRET": tokens.signing}
    absent = [name for name, value in wanted.items() if value is None]
    if absent:
        return f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not set: docs/slack.md shows where Slack gives them"
    if not settings.channels and not settings.direct_messages:
        return "slack.channels in stoa.toml is empty and direct messages are off: name the channel that the desk works in"
    return ""


class SlackDesk:
    """One desk in one workspace. ``run`` until ``stop`` is set; a second process on the same desk is refused."""

    def __init__(self, desk: "Desk", tokens: "SlackTokens") -> None:
        problem = missing(desk, tokens)
        if problem:
            raise SlackSetupError(problem)
        self._desk = desk
        self._settings = desk.settings.slack
        self._tokens = tokens
        # Slack's clock is the real one, whatever day the desk plays.
        self._inbox = SlackInbox(desk.database, system_clock)
        self._outbox = SlackOutbox(desk.database, system_clock)
        self._writer = InboxWriter(self._inbox)
        self.port = self._settings.port

    @property
    def where(self) -> str:
        """How events reach the desk, for people."""
        return "Socket Mode" if self._settings.mode == "socket" else f"http://{self._settings.host}:{self.port}/slack/events"

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Work until stopped.

        Raises:
            SlackSetupError: Slack refuses a token, or another process serves this desk.
        """
        lock = FileLock(self._desk.state / "slack.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise SlackSetupError("another process serves this desk in Slack: stop it, or use it") from error
        try:
            await self._run(stop, ready)
        finally:
            self._writer.close()
            lock.release()

    async def _run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        await asyncio.to_thread(self._inbox.begin)
        await asyncio.to_thread(_warm, self._desk)
        async with web_client(self._settings, self._tokens) as client:
            who = await identity(client)
            loop = asyncio.get_running_loop()
            pace = Pace(self._settings.post_seconds)
            drafts = Drafts(client, self._outbox, pace, str(who["team_id"]), self._settings.streaming_after)
            sender = Sender(client, self._outbox, pace, drafts)

            def wake() -> None:
                loop.call_soon_threadsafe(sender.wake)

            def drafted(key: str, text: str) -> None:
                loop.call_soon_threadsafe(drafts.drafting, key, text)

            channel = SlackChannel(self._outbox, self._desk.roles, self._settings, wake=wake, drafted=drafted)
            answers = Answers(self._desk, client, self._inbox, self._outbox, channel, str(who["user_id"]))
            worker = Worker(self._inbox, answers.handle, at_once=self._settings.workers + 1, settle=self._settings.settle_seconds)
            app = self._bolt(client, worker)
            await self._rehearse(app)
            try:
                async with self._connected(app), asyncio.TaskGroup() as group:
                    tasks = [group.create_task(job) for job in (worker.run(), sender.run(), self._look(answers))]
                    ready()
                    await stop.wait()
                    worker.stop()
                    # What is under way may finish; a run that takes longer goes on after the next start.
                    await asyncio.wait(tasks[:1], timeout=GRACE_SECONDS)
                    for task in tasks:
                        task.cancel()
            finally:
                await drafts.close()
                await asyncio.to_thread(answers.close)

    async def _look(self, answers: Answers) -> None:
        """What other processes did, every moment; what nobody answered in time, now and then."""
        tidied = float("-inf")
        while True:
            await asyncio.to_thread(answers.expire)
            if asyncio.get_running_loop().time() - tidied > TIDY_SECONDS:
                tidied = asyncio.get_running_loop().time()
                await asyncio.to_thread(tidy, self._desk, self._inbox, self._outbox)
            for _ in range(round(EXPIRY_SECONDS / LOOK_SECONDS)):
                await asyncio.sleep(LOOK_SECONDS)
                await asyncio.to_thread(answers.look)

    def _bolt(self, client: "AsyncWebClient", worker: Worker) -> "AsyncApp":
        """The bolt app.

        What it keeps stands before its authorisation: a bolt that cannot reach ``auth.test`` answers 200, and Slack
        would take that for an acknowledgement of what was never written.
        """
        from slack_bolt.async_app import AsyncApp
        from slack_bolt.response import BoltResponse

        async def keep(body: dict[str, Any], next: Callable[[], Awaitable[None]]) -> BoltResponse | None:  # noqa: A002 - bolt's name
            problems = modals.problems(body)
            if problems:
                answer = json.dumps({"response_action": "errors", "errors": problems})
                return BoltResponse(status=200, body=answer, headers={"content-type": "application/json"})
            event = read(body)
            if event is not None:
                await self._writer.keep(event)
                worker.wake()
            elif _opens_form(body) or body.get("type") in {"url_verification", None}:
                await next()
                return None
            return BoltResponse(status=200, body="")

        secret = self._tokens.signing.get_secret_value() if self._tokens.signing else ""
        app = AsyncApp(client=client, signing_secret=secret, before_authorize=keep, logger=_quiet(), name="stoa")

        @app.action(EDIT)
        async def edit(ack: Callable[[], Awaitable[None]], body: dict[str, Any]) -> None:
            await ack()
            await self._open_form(client, body)

        return app

    async def _rehearse(self, app: "AsyncApp") -> None:
        """Acknowledge one event that is nobody's, so that the first real one does not wait for imports and connections."""
        from slack_bolt.request.async_request import AsyncBoltRequest

        nothing = {"type": "event_callback", "event": {"type": "message", "bot_id": "nobody"}}
        await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=nothing))
        await self._writer.rehearse()

    async def _open_form(self, client: "AsyncWebClient", body: dict[str, Any]) -> None:
        person, place, ts = body["user"]["id"], body["channel"]["id"], body["message"]["ts"]
        approval = json.loads(body["actions"][0]["value"])["approval"]
        refusal, view = await asyncio.to_thread(self._form, approval, person, place, ts)
        if view is None:
            await client.chat_postEphemeral(channel=place, user=person, text=refusal)
        else:
            await client.views_open(trigger_id=body["trigger_id"], view=view)

    def _form(self, approval: str, person: str, place: str, ts: str) -> tuple[str, dict[str, Any] | None]:
        item = self._desk.journal.approval(approval)
        refusal = decisions.not_allowed(self._desk, person, item.proposal.thesis)
        if not refusal and item.status != "pending":
            refusal = decisions.decided_before(item)
        if refusal:
            return refusal, None
        return "", modals.form(item, self._desk.book.get(item.proposal.thesis), place, ts)

    @asynccontextmanager
    async def _connected(self, app: "AsyncApp") -> AsyncIterator[None]:
        """Events arrive: over a websocket, or at an HTTP endpoint that verifies the signature."""
        if self._settings.mode == "http":
            from aiohttp import web

            runner = web.AppRunner(app.server(self._settings.port, "/slack/events", self._settings.host).web_app, access_log=None)
            await runner.setup()
            try:
                await web.TCPSite(runner, self._settings.host, self._settings.port).start()
                self.port = runner.addresses[0][1]
            except OSError as error:
                await runner.cleanup()
                place = f"{self._settings.host}:{self._settings.port}"
                raise SlackSetupError(f"the desk cannot listen at {place} ({error.strerror}): choose another slack.port") from error
            try:
                yield
            finally:
                await runner.cleanup()
            return
        from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

        assert self._tokens.app is not None
        token = self._tokens.app.get_secret_value()
        await can_connect(app.client, token)
        handler = AsyncSocketModeHandler(app, token, logger=_quiet(), ping_interval=self._settings.ping_seconds)
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]
            yield
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


def _warm(desk: "Desk") -> None:
    """Make what threads will share before there are threads; import what would hold up the first acknowledgements."""
    import orchestrator.conversation
    import orchestrator.runs  # noqa: F401 - for its import

    _ = (desk.store, desk.book, desk.journal, desk.forecasts, desk.market, desk.embedder, desk.recall, desk.roles, desk.agent, desk.library)
    desk.index()
    desk.reindex()


def _opens_form(body: dict[str, Any]) -> bool:
    return body.get("type") == "block_actions" and body["actions"][0]["action_id"] == EDIT


@asynccontextmanager
async def web_client(settings: "SlackSettings", tokens: "SlackTokens") -> "AsyncIterator[AsyncWebClient]":
    """The Web API under the bot's token, over one session."""
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    assert tokens.bot is not None
    address = settings.api_url.rstrip("/") + "/" if settings.api_url else AsyncWebClient.BASE_URL
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        token = tokens.bot.get_secret_value()
        # No retries by the SDK: after a lost answer it would post again without looking.
        yield AsyncWebClient(token=token, base_url=address, session=session, timeout=15, logger=_quiet(), retry_handlers=[])


async def identity(client: "AsyncWebClient") -> Any:
    """Who the bot's token belongs to.

    Raises:
        SlackSetupError: Slack cannot be reached, or refuses the token.
    """
    from aiohttp import ClientError
    from slack_sdk.errors import SlackApiError

    try:
        return await client.auth_test()
    except SlackApiError as error:
        reason = error.response.get("error")
        raise SlackSetupError(f"Slack refuses SLACK_BOT_TOKEN ({reason}): copy the bot token again, see docs/slack.md") from error
    except (ClientError, TimeoutError, OSError) as error:
        raise SlackSetupError(f"Slack cannot be reached ({type(error).__name__}): check the network, or slack.api_url") from error


async def can_connect(client: "AsyncWebClient", token: str) -> None:
    """Check the token of the app.

    Raises:
        SlackSetupError: Slack refuses it.
    """
    from slack_sdk.errors import SlackApiError

    try:
        await client.apps_connections_open(app_token=token)
    except SlackApiError as error:
        reason = error.response.get("error")
        raise SlackSetupError(
            f"Slack refuses SLACK_APP_TOKEN ({reason}): it needs the scope connections:write, see docs/slack.md"
        ) from error


def _quiet() -> logging.Logger:
    """The SDKs' own words: they log whole payloads at DEBUG, and below WARNING nothing that helps."""
    logger = logging.getLogger("stoa.slack.bolt")
    logger.setLevel(logging.WARNING)
    return logger
