"""What a workspace holds: people, channels, messages, files, views; and the limits that Slack puts on them."""

import itertools
import json
import time

BOT_USER, BOT_ID, APP, TEAM = "U0BOT", "B0BOT", "A0APP", "T0TEAM"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-loopback-bot", "xapp-loopback-app", "loopback-signing-secret"
SECTION, TEXT, UPDATE, BLOCKS, MARKDOWN, METADATA = 3_000, 40_000, 4_000, 50, 12_000, 8_000
STREAMED = {"markdown_text", "plan_update", "task_update", "blocks"}


class SlackError(Exception):
    """Answered as ``{"ok": false, "error": …}``."""

    def __init__(self, error, status=200, headers=None, **more):
        super().__init__(error)
        self.error, self.status, self.headers, self.more = error, status, headers or {}, more


class Workspace:
    """All state; every method runs on the server's loop."""

    def __init__(self, scopes=None):
        self.scopes = scopes
        self.users = {
            "UADA": {"real_name": "Ada Byron"}, "UBEN": {"real_name": "Ben"}, "UCAT": {"real_name": "Cat Li"},
            BOT_USER: {"real_name": "Stoa", "is_bot": True},
        }  # fmt: skip
        self.channels = {"CDESK": {"name": "desk", "is_member": True}, "COTHER": {"name": "other", "is_member": True}}
        self.messages = {}
        self.ephemerals, self.statuses, self.views, self.homes, self.files = [], [], {}, {}, {}
        self.calls = []
        self._count = itertools.count(1)
        self._last_ts = 0.0

    def next_ts(self):
        """Unique and rising, in microseconds as Slack writes it."""
        self._last_ts = max(self._last_ts + 0.000001, time.time())
        return f"{self._last_ts:.6f}"

    def number(self):
        return next(self._count)

    def channel(self, name):
        if name in self.users:  # a direct message by the person's id
            name = self.direct(name)
        if name not in self.channels:
            raise SlackError("channel_not_found")
        found = self.channels[name]
        if found.get("is_archived"):
            raise SlackError("is_archived")
        if not found.get("is_member") and not found.get("is_im"):
            raise SlackError("not_in_channel")
        return name

    def direct(self, user):
        """The direct-message channel of a person."""
        name = f"D{user[1:]}"
        self.channels.setdefault(name, {"name": name, "is_im": True, "user": user})
        return name

    def find(self, channel, ts):
        for message in self.messages.get(channel, []):
            if message["ts"] == ts:
                return message
        raise SlackError("message_not_found")

    def add(self, channel, **fields):
        """One message, in order."""
        message = {"type": "message", "ts": self.next_ts(), "text": "", **{name: value for name, value in fields.items() if value}}
        self.messages.setdefault(channel, []).append(message)
        return message

    def own(self, channel, args, **more):
        """A message of the desk's app."""
        check_metadata(args.get("metadata"))
        thread = args.get("thread_ts")
        if thread:
            self.find(channel, thread)
        return self.add(
            channel, user=BOT_USER, bot_id=BOT_ID, app_id=APP, text=args.get("text", ""), blocks=args.get("blocks"), thread_ts=thread,
            username=args.get("username"), icon_emoji=args.get("icon_emoji"), icon_url=args.get("icon_url"),
            metadata=args.get("metadata"), **more,
        )  # fmt: skip

    def shown(self, channel, thread=None):
        """What a person sees: the channel, or one thread of it, oldest first."""
        found = self.messages.get(channel, [])
        if thread is None:
            return [message for message in found if message.get("thread_ts", message["ts"]) == message["ts"]]
        return [message for message in found if message.get("thread_ts", message["ts"]) == thread]


def check_metadata(metadata):
    if metadata is None:
        return
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload"} or len(json.dumps(metadata)) > METADATA:
        raise SlackError("invalid_metadata_format")


def check_text(text, limit=TEXT):
    if len(text or "") > limit:
        raise SlackError("msg_too_long")


def check_blocks(blocks, limit=BLOCKS):
    """The limits of Block Kit that a long reply or a wide table would break."""
    if blocks is None:
        return
    problems = []
    if len(blocks) > limit:
        problems.append(f"more than {limit} blocks")
    for block in blocks:
        kind = block.get("type")
        if kind not in {"section", "header", "context", "actions", "divider", "image", "markdown", "input", "rich_text", "table"}:
            problems.append(f"unknown block {kind}")
        problems += _of_block(block, kind)
    if len({block["block_id"] for block in blocks if "block_id" in block}) != sum("block_id" in block for block in blocks):
        problems.append("block_id twice")
    if problems:
        raise SlackError("invalid_blocks", response_metadata={"messages": problems})


def _of_block(block, kind):
    problems = []
    if kind == "section":
        texts = [block["text"]] if "text" in block else []
        problems += [f"section text {len(t['text'])}" for t in texts if not 1 <= len(t["text"]) <= SECTION]
        problems += ["field too long" for f in block.get("fields", []) if len(f["text"]) > 2_000]
        if len(block.get("fields", [])) > 10:
            problems.append("more than 10 fields")
        if not texts and not block.get("fields"):
            problems.append("empty section")
    elif kind == "header" and not 1 <= len(block["text"]["text"]) <= 150:
        problems.append("header text")
    elif kind == "context":
        if not 1 <= len(block["elements"]) <= 10:
            problems.append("context elements")
        problems += ["context text" for e in block["elements"] if e["type"] == "mrkdwn" and not 1 <= len(e["text"]) <= SECTION]
    elif kind == "actions":
        if not 1 <= len(block["elements"]) <= 25:
            problems.append("actions elements")
        for element in block["elements"]:
            if len(element["action_id"]) > 255 or len(element.get("value", "")) > 2_000 or len(element["text"]["text"]) > 75:
                problems.append("button")
    if len(block.get("block_id", "")) > 255:
        problems.append("block_id too long")
    return problems


def check_view(view):
    if view["type"] == "modal":
        if not 1 <= len(view["title"]["text"]) <= 24 or len(view.get("submit", {}).get("text", "")) > 24:
            raise SlackError("invalid_arguments", response_metadata={"messages": ["title or submit longer than 24"]})
        if len(view.get("private_metadata", "")) > 3_000:
            raise SlackError("invalid_arguments", response_metadata={"messages": ["private_metadata"]})
    check_blocks(view["blocks"], 100)
