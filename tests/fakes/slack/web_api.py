"""The Web API methods that the desk uses, with Slack's argument names, answers and errors."""

import json
import time

from tests.fakes.slack import workspace as ws
from tests.fakes.slack.workspace import SlackError

POSTS = ("chat.postMessage", "chat.startStream")
APP_METHODS = ("apps.connections.open",)
SECOND_FIELDS = ("blocks", "metadata", "view", "chunks", "files", "loading_messages")


class WebApi:
    """``call`` answers one method; faults and limits stand in front of it."""

    def __init__(self, workspace, posts_a_second=1.0, burst=2):
        self.ws = workspace
        self.posts_a_second = posts_a_second
        self.burst = burst
        self.base_url = ""
        self.faults = []
        self.refused = []
        self.triggers = {}
        self.on_own_message = lambda channel, message: None
        self.on_call = lambda: None
        self._buckets = {}

    def call(self, method, args, token):
        """The answer as a dict.

        Raises:
            SlackError: as Slack says it.
        """
        for name in SECOND_FIELDS:
            if isinstance(args.get(name), str):
                args[name] = json.loads(args[name])
        self._authorise(method, token)
        self.ws.calls.append((method, args, time.monotonic()))
        if method in POSTS:
            self._pace(args.get("channel", ""))
        answer = getattr(self, method.replace(".", "_"), None)
        if answer is None:
            raise SlackError("unknown_method")
        return {"ok": True, **answer(args)}

    def fault_for(self, method):
        """(what, value) that a test asked for, once."""
        for fault in self.faults:
            if fault[0] == method:
                self.faults.remove(fault)
                return fault[1:]
        return None

    def _authorise(self, method, token):
        wanted = ws.APP_TOKEN if method in APP_METHODS else ws.BOT_TOKEN
        if token != wanted:
            raise SlackError("not_authed" if not token else "invalid_auth")

    def _pace(self, channel):
        now = time.monotonic()
        level, last = self._buckets.get(channel, (self.burst, now))
        level = min(self.burst, level + (now - last) * self.posts_a_second)
        if level < 1:
            self.refused.append(channel)
            self._buckets[channel] = (level, now)
            seconds = max(1, round((1 - level) / self.posts_a_second)) if self.posts_a_second <= 2 else 1
            raise SlackError("ratelimited", status=429, headers={"Retry-After": str(seconds)})
        self._buckets[channel] = (level - 1, now)

    # -- who we are

    def auth_test(self, _args):
        return {
            "url": "https://loopback.slack.com/", "team": "Loopback", "user": "stoa", "team_id": ws.TEAM, "user_id": ws.BOT_USER,
            "bot_id": ws.BOT_ID, "is_enterprise_install": False,
        }  # fmt: skip

    def apps_connections_open(self, _args):
        return {"url": f"{self.base_url.replace('http', 'ws', 1)}/link/?ticket={self.ws.number()}"}

    # -- messages

    def chat_postMessage(self, args):
        channel = self.ws.channel(args["channel"])
        if not args.get("text") and not args.get("blocks"):
            raise SlackError("no_text")
        ws.check_text(args.get("text"))
        ws.check_blocks(args.get("blocks"))
        message = self.ws.own(channel, args)
        self.on_own_message(channel, message)
        return {"channel": channel, "ts": message["ts"], "message": message}

    def chat_update(self, args):
        channel = self.ws.channel(args["channel"])
        message = self._ours(channel, args["ts"])
        ws.check_text(args.get("text"), ws.UPDATE)
        ws.check_blocks(args.get("blocks"))
        ws.check_metadata(args.get("metadata"))
        if message.get("streaming"):
            raise SlackError("streaming_state_conflict")
        message.update({name: args[name] for name in ("text", "blocks", "metadata") if name in args}, edited={"user": ws.BOT_USER})
        return {"channel": channel, "ts": message["ts"], "text": message.get("text", "")}

    def chat_delete(self, args):
        channel = self.ws.channel(args["channel"])
        self.ws.messages[channel].remove(self._ours(channel, args["ts"]))
        return {"channel": channel, "ts": args["ts"]}

    def chat_postEphemeral(self, args):
        channel = self.ws.channel(args["channel"])
        if args["user"] not in self.ws.users:
            raise SlackError("user_not_in_channel")
        ws.check_text(args.get("text"))
        ws.check_blocks(args.get("blocks"))
        self.ws.ephemerals.append({**args, "channel": channel})
        return {"message_ts": self.ws.next_ts()}

    def _ours(self, channel, ts):
        message = self.ws.find(channel, ts)
        if message.get("bot_id") != ws.BOT_ID:
            raise SlackError("cant_update_message")
        return message

    # -- streams

    def chat_startStream(self, args):
        channel = self.ws.channel(args["channel"])
        if not args.get("thread_ts"):
            raise SlackError("invalid_arguments")
        if not self.ws.channels[channel].get("is_im"):
            for name in ("recipient_team_id", "recipient_user_id"):
                if not args.get(name):
                    raise SlackError(f"missing_{name}")
        message = self.ws.own(channel, args, streaming=True)
        self._stream(message, args)
        self.on_own_message(channel, message)
        return {"channel": channel, "ts": message["ts"]}

    def chat_appendStream(self, args):
        message = self._streaming(args)
        self._stream(message, args)
        return {"channel": args["channel"], "ts": message["ts"]}

    def chat_stopStream(self, args):
        message = self._streaming(args)
        ws.check_metadata(args.get("metadata"))
        ws.check_blocks(args.get("blocks"))
        self._stream(message, args)
        message.pop("streaming")
        message.update({name: args[name] for name in ("blocks", "metadata") if name in args})
        return {"channel": args["channel"], "ts": message["ts"], "message": message}

    def _streaming(self, args):
        message = self._ours(self.ws.channel(args["channel"]), args["ts"])
        if not message.get("streaming"):
            raise SlackError("message_not_in_streaming_state")
        return message

    def _stream(self, message, args):
        chunks = list(args.get("chunks") or [])
        if args.get("markdown_text"):
            chunks.append({"type": "markdown_text", "text": args["markdown_text"]})
        for chunk in chunks:
            if chunk["type"] not in ws.STREAMED:
                raise SlackError("invalid_chunks")
            if chunk["type"] == "markdown_text":
                ws.check_text(chunk["text"], ws.MARKDOWN)
                message["text"] = message.get("text", "") + chunk["text"]
            elif chunk["type"] == "task_update":
                tasks = message.setdefault("tasks", {})
                tasks[chunk["id"]] = {**tasks.get(chunk["id"], {}), **chunk}

    # -- reading

    def conversations_info(self, args):
        name = args["channel"]
        if name not in self.ws.channels:
            raise SlackError("channel_not_found")
        return {"channel": {"id": name, **self.ws.channels[name]}}

    def conversations_members(self, args):
        self.conversations_info(args)
        return {"members": list(self.ws.users)}

    def conversations_join(self, args):
        self.conversations_info(args)
        self.ws.channels[args["channel"]]["is_member"] = True
        return self.conversations_info(args)

    def conversations_history(self, args):
        channel = self.ws.channel(args["channel"])
        return self._page(list(reversed(self.ws.shown(channel))), args)

    def conversations_replies(self, args):
        channel = self.ws.channel(args["channel"])
        if not any(message["ts"] == args["ts"] for message in self.ws.messages.get(channel, [])):
            raise SlackError("thread_not_found")
        return self._page(self.ws.shown(channel, args["ts"]), args, keep=args["ts"])

    def _page(self, messages, args, keep=""):
        oldest = float(args.get("oldest") or 0)
        found = [m for m in messages if float(m["ts"]) > oldest or m["ts"] == keep]
        start, limit = int(args.get("cursor") or 0), min(int(args.get("limit") or 100), 999)
        shown = found[start : start + limit]
        if str(args.get("include_all_metadata", "")).lower() not in {"true", "1"}:
            shown = [{name: value for name, value in m.items() if name != "metadata"} for m in shown]
        more = start + limit < len(found)
        return {"messages": shown, "has_more": more, "response_metadata": {"next_cursor": str(start + limit) if more else ""}}

    def users_info(self, args):
        if args["user"] not in self.ws.users:
            raise SlackError("user_not_found")
        person = self.ws.users[args["user"]]
        return {"user": {"id": args["user"], "team_id": ws.TEAM, "name": args["user"].lower(), **person}}

    # -- reactions, views, status

    def reactions_add(self, args):
        held = self.ws.find(args["channel"], args["timestamp"]).setdefault("reactions", {}).setdefault(args["name"], [])
        if ws.BOT_USER in held:
            raise SlackError("already_reacted")
        held.append(ws.BOT_USER)
        return {}

    def reactions_remove(self, args):
        held = self.ws.find(args["channel"], args["timestamp"]).get("reactions", {}).get(args["name"], [])
        if ws.BOT_USER not in held:
            raise SlackError("no_reaction")
        held.remove(ws.BOT_USER)
        return {}

    def reactions_get(self, args):
        message = self.ws.find(args["channel"], args["timestamp"])
        shown = [{"name": name, "users": users, "count": len(users)} for name, users in message.get("reactions", {}).items()]
        return {"type": "message", "channel": args["channel"], "message": {**message, "reactions": shown}}

    def views_open(self, args):
        if self.triggers.pop(args["trigger_id"], 0) < time.monotonic() - 3:
            raise SlackError("expired_trigger_id")
        return self._view(args, f"V{self.ws.number()}")

    def views_update(self, args):
        if args["view_id"] not in self.ws.views:
            raise SlackError("not_found")
        return self._view(args, args["view_id"])

    def views_publish(self, args):
        ws.check_view(args["view"])
        self.ws.homes[args["user_id"]] = args["view"]
        return {"view": args["view"]}

    def _view(self, args, name):
        ws.check_view(args["view"])
        self.ws.views[name] = {**args["view"], "id": name}
        return {"view": self.ws.views[name]}

    def assistant_threads_setStatus(self, args):
        self.ws.statuses.append(args)
        return {}

    # -- files

    def files_getUploadURLExternal(self, args):
        name = f"F{self.ws.number()}"
        self.ws.files[name] = {"id": name, "name": args["filename"], "length": int(args["length"]), "content": None}
        return {"upload_url": f"{self.base_url}/upload/{name}", "file_id": name}

    def files_completeUploadExternal(self, args):
        channel = self.ws.channel(args["channel_id"])
        shared = []
        for item in args["files"]:
            file = self.ws.files[item["id"]]
            if file["content"] is None or len(file["content"]) != file["length"]:
                raise SlackError("file_not_found")
            shared.append({"id": file["id"], "name": file["name"], "title": item.get("title") or file["name"]})
        message = self.ws.own(channel, {"text": args.get("initial_comment", ""), "thread_ts": args.get("thread_ts")}, files=shared)
        self.on_own_message(channel, message)
        return {"files": shared}
