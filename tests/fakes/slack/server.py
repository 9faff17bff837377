"""The server in a thread of its own, with the words a test needs: say, click, submit, command, react, until."""

import asyncio
import hashlib
import hmac
import http.client
import json
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from aiohttp import web

from tests.fakes.slack import workspace as ws
from tests.fakes.slack.socket_mode import SocketMode
from tests.fakes.slack.web_api import WebApi
from tests.fakes.slack.workspace import SlackError, Workspace


class FakeSlack:
    """One workspace. Its methods may be called from any thread; waits are bounded."""

    bot, team, secret = ws.BOT_USER, ws.TEAM, ws.SECRET
    bot_token, app_token = ws.BOT_TOKEN, ws.APP_TOKEN

    def __init__(self, *, posts_a_second=1.0, scopes=None, retry_seconds=3.0, echo=True):
        self.workspace = Workspace(scopes)
        self.api = WebApi(self.workspace, posts_a_second)
        self.socket = SocketMode(self.workspace, retry_seconds)
        self.echo = echo
        self.url = ""
        self.order = None
        self._held = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.socket.changed = self._notify
        self.api.on_own_message = self._own_message

    # -- the server

    def start(self):
        self._thread.start()
        assert self._ready.wait(5)

    def close(self):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=5)
        assert not self._thread.is_alive()

    def _serve(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self):
        self._stopping = asyncio.Event()
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes(
            [web.route("*", "/api/{method}", self._call), web.get("/link/", self.socket.accept), web.post("/upload/{file}", self._upload),
             web.get("/download/{file}", self._download)]
        )  # fmt: skip
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        self.api.base_url = self.url
        self._ready.set()
        await self._stopping.wait()
        for socket in list(self.socket.sockets):
            await socket.close()
        await runner.cleanup()

    async def _call(self, request):
        method = request.match_info["method"]
        args = dict(request.query)
        if request.content_type == "application/json":
            args |= await request.json()
        elif request.method == "POST":
            args |= dict(await request.post())
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        fault = self.api.fault_for(method)
        headers = {"X-OAuth-Scopes": ",".join(self.workspace.scopes)} if self.workspace.scopes is not None else {}
        try:
            if fault and fault[0] == "error":
                raise fault[1]
            answer = self.api.call(method, args, token)
            if fault and fault[0] == "drop":
                request.transport.abort()
            return web.json_response(answer, headers=headers)
        except SlackError as error:
            body = {"ok": False, "error": error.error, **error.more}
            return web.json_response(body, status=error.status, headers=headers | error.headers)
        finally:
            self._notify()

    async def _upload(self, request):
        self.workspace.files[request.match_info["file"]]["content"] = await request.read()
        return web.Response(text="OK")

    async def _download(self, request):
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}":
            return web.Response(status=302, headers={"Location": f"{self.url}/sign-in"})
        return web.Response(body=self.workspace.files[request.match_info["file"]]["content"])

    def _notify(self):
        with self._changed:
            self._changed.notify_all()

    def until(self, condition, seconds=5.0, why=""):
        """Wait until something is so; returns what the condition gave."""
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := condition()):
                left = end - time.monotonic()
                assert left > 0, why or "it did not come about in time"
                self._changed.wait(min(left, 0.05))
        return found

    def on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    # -- faults

    def refuse(self, method, error, *, status=200, retry_after=None):
        """The next call of a method is answered with an error."""
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        self.api.faults.append((method, "error", SlackError(error, status=status, headers=headers)))

    def lose_answer(self, method):
        """The next call is done, but its answer never arrives."""
        self.api.faults.append((method, "drop"))

    def disconnect(self, *, politely=False):
        self.on_loop(self.socket.disconnect(politely=politely))

    # -- people

    def event(self, event, *, event_id=None, copies=1, **more):
        """An Events API envelope; returns its first envelope."""
        body = {
            "token": "x", "team_id": self.team, "api_app_id": ws.APP, "type": "event_callback", "event": event,
            "event_id": event_id or f"Ev{self.workspace.number():08d}", "event_time": int(time.time()),
            "is_ext_shared_channel": bool(self.workspace.channels.get(event.get("channel", ""), {}).get("is_ext_shared")), **more,
        }  # fmt: skip
        return self.on_loop(self.socket.deliver("events_api", body, copies=copies))

    def say(self, user, text, channel="CDESK", thread=None, *, copies=1, files=None, event_id=None):
        """A person writes; returns the message's ts."""
        message = self.on_loop(self._say(user, text, channel, thread, files))
        kind = "im" if self.workspace.channels[channel].get("is_im") else "channel"
        event = {**message, "channel": channel, "channel_type": kind, "event_ts": message["ts"]}
        if files:
            event |= {"subtype": "file_share", "files": files}
        self.event(event, copies=copies, event_id=event_id)
        if f"<@{self.bot}>" in text and kind == "channel":
            self.event({**event, "type": "app_mention"}, copies=copies)
        return message["ts"]

    async def _say(self, user, text, channel, thread, files=None):
        return self.workspace.add(channel, user=user, text=text, thread_ts=thread, team=self.team, files=files)

    def direct(self, user):
        """Their direct-message channel with the desk."""
        return self.workspace.direct(user)

    def click(self, user, message, action_id, channel="CDESK"):
        """Press a button of a message."""
        block, action = next(
            (block, element) for block in message["blocks"] if block["type"] == "actions" for element in block["elements"]
            if element["action_id"] == action_id
        )  # fmt: skip
        body = {
            "type": "block_actions", "user": {"id": user, "team_id": self.team}, "channel": {"id": channel}, "team": {"id": self.team},
            "message": dict(message), "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel},
            "actions": [{**action, "block_id": block["block_id"], "action_ts": self.workspace.next_ts()}], "trigger_id": self._trigger(),
        }  # fmt: skip
        return self.on_loop(self.socket.deliver("interactive", body))

    def submit(self, user, view, values):
        """Send a modal; ``values`` by block id. Returns the envelope, whose answer may hold errors."""
        state = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                given = values.get(block["block_id"], element.get("initial_value"))
                entry = {"type": element["type"], "value": given}
                if element["type"] == "static_select":
                    option = next((o for o in element["options"] if o["value"] == given), element.get("initial_option"))
                    entry = {"type": element["type"], "selected_option": option}
                state[block["block_id"]] = {element["action_id"]: entry}
        body = {
            "type": "view_submission", "user": {"id": user, "team_id": self.team}, "team": {"id": self.team},
            "view": {**view, "state": {"values": state}}, "trigger_id": self._trigger(),
        }  # fmt: skip
        return self.on_loop(self.socket.deliver("interactive", body))

    def command(self, user, text, channel="CDESK"):
        body = {
            "command": "/stoa", "text": text, "user_id": user, "channel_id": channel, "team_id": self.team,
            "trigger_id": self._trigger(), "channel_name": "desk", "user_name": user.lower(),
        }  # fmt: skip
        return self.on_loop(self.socket.deliver("slash_commands", body))

    def react(self, user, name, ts, channel="CDESK", *, removed=False):
        kind = "reaction_removed" if removed else "reaction_added"
        item = {"type": "message", "channel": channel, "ts": ts}
        return self.event({"type": kind, "user": user, "reaction": name, "item": item, "event_ts": self.workspace.next_ts()})

    def edit(self, user, ts, text, channel="CDESK"):
        message = {**self.workspace.find(channel, ts), "text": text, "user": user}
        event = {"type": "message", "subtype": "message_changed", "channel": channel, "ts": self.workspace.next_ts(), "message": message}
        return self.event({**event, "previous_message": self.workspace.find(channel, ts), "channel_type": "channel"})

    def delete(self, ts, channel="CDESK"):
        previous = self.workspace.find(channel, ts)
        event = {"type": "message", "subtype": "message_deleted", "channel": channel, "deleted_ts": ts, "previous_message": previous}
        return self.event({**event, "ts": self.workspace.next_ts(), "channel_type": "channel"})

    def open_home(self, user):
        return self.event({"type": "app_home_opened", "user": user, "tab": "home", "channel": f"D{user[1:]}"})

    def drop_file(self, user, name, content, channel="CDESK", text=""):
        """A person drops a file into the channel."""
        number = f"F{self.workspace.number()}"
        self.workspace.files[number] = {"id": number, "name": name, "content": content, "length": len(content)}
        link = f"{self.url}/download/{number}"
        return self.say(user, text, channel, files=[{"id": number, "name": name, "size": len(content), "url_private_download": link}])

    def _trigger(self):
        name = f"{self.workspace.number()}.trigger"
        self.api.triggers[name] = time.monotonic()
        return name

    def _own_message(self, channel, message):
        if self.echo:
            event = {**message, "subtype": "bot_message", "channel": channel, "channel_type": "channel"}
            body = {"type": "event_callback", "team_id": self.team, "event": event, "event_id": f"Ev{self.workspace.number():08d}"}
            task = self._loop.create_task(self.socket.deliver("events_api", body))
            self._held.append(task)

    # -- what is there

    def posts(self, channel="CDESK", thread=None):
        """The desk's own messages, in a channel or one thread of it."""
        found = self.workspace.messages.get(channel, [])
        return [m for m in found if m.get("bot_id") == ws.BOT_ID and (thread is None or m.get("thread_ts") == thread)]

    def acks(self):
        """Seconds from delivery to acknowledgement, of everything acknowledged."""
        return sorted(e.seconds for e in self.socket.envelopes.values() if e.acked)

    def unacknowledged(self):
        return [e for e in self.socket.envelopes.values() if not e.acked]


@contextmanager
def fake_slack(**options):
    """A workspace until the block ends."""
    slack = FakeSlack(**options)
    slack.start()
    try:
        yield slack
    finally:
        slack.close()


def post_signed(url, body, *, secret=ws.SECRET, timestamp=None, signature=None):
    """Slack's HTTP delivery: (status, body). A wrong secret, signature or an old timestamp is the test's to give."""
    text = body if isinstance(body, str) else json.dumps(body)
    stamp = str(int(time.time())) if timestamp is None else str(timestamp)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{text}".encode(), hashlib.sha256).hexdigest()
    kind = "application/json" if text.startswith("{") else "application/x-www-form-urlencoded"
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=5)
    try:
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature or f"v0={digest}", "Content-Type": kind}
        connection.request("POST", place.path, text.encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
