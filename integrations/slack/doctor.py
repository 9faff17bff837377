"""What the desk needs in Slack, what is there, and the one thing to do where it is not."""

import asyncio
from typing import TYPE_CHECKING, Any

from integrations.doctor import Check
from integrations.slack.manifest import SCOPES
from memory.errors import StoaError

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from integrations.desk import Desk
    from integrations.settings import SlackTokens


def checks(desk: "Desk", tokens: "SlackTokens") -> list[Check]:
    """One row a check; a desk that is not meant to be in Slack has one."""
    from integrations.slack.app import missing

    settings = desk.settings.slack
    if tokens.bot is None and tokens.app is None and not settings.channels:
        return [Check("slack", "ok", "not set up: the desk works without it", "docs/slack.md brings it there")]
    problem = missing(desk, tokens)
    if problem:
        return [Check("slack", "fail", problem.split(":", maxsplit=1)[0], problem.split(": ", 1)[-1])]
    try:
        return [*asyncio.run(_ask(desk, tokens)), *_approvers(desk), *_outbox(desk)]
    except StoaError as error:
        return [Check("slack", "fail", *_halves(str(error)))]


async def _ask(desk: "Desk", tokens: "SlackTokens") -> list[Check]:
    from integrations.slack.app import can_connect, identity, web_client

    async with web_client(desk.settings.slack, tokens) as client:
        who = await identity(client)
        found = [Check("slack", "ok", f"{who['user']} in {who['team']}"), _scopes(who)]
        if desk.settings.slack.mode == "socket":
            assert tokens.app is not None
            await can_connect(client, tokens.app.get_secret_value())
            found.append(Check("slack socket", "ok", "Socket Mode opens"))
        return found + [await _channel(client, name) for name in desk.settings.slack.channels]


def _scopes(who: Any) -> Check:
    granted = {name.strip() for name in str(who.headers.get("x-oauth-scopes", "")).split(",") if name.strip()}
    if not granted:
        return Check("slack scopes", "warn", "Slack does not say which scopes the token has", "compare them with slack-app.yaml")
    absent = sorted(set(SCOPES) - granted)
    if absent:
        wanted = ", ".join(f"{name} (to {SCOPES[name]})" for name in absent)
        return Check("slack scopes", "fail", f"missing: {wanted}", "add them under OAuth & Permissions and install the app again")
    return Check("slack scopes", "ok", f"all {len(SCOPES)}")


async def _channel(client: "AsyncWebClient", name: str) -> Check:
    from slack_sdk.errors import SlackApiError

    try:
        channel = (await client.conversations_info(channel=name))["channel"]
    except SlackApiError as error:
        reason = error.response.get("error")
        return Check("slack channel", "fail", f"{name}: {reason}", "use the channel's id, and invite the app if it is private")
    if not channel.get("is_member"):
        return Check("slack channel", "fail", f"#{channel['name']} does not have the app", "write /invite @Stoa in it")
    if channel.get("is_ext_shared"):
        return Check("slack channel", "warn", f"#{channel['name']} is shared with another organisation", "leave it out of slack.channels")
    return Check("slack channel", "ok", f"#{channel['name']}")


def _approvers(desk: "Desk") -> list[Check]:
    if desk.settings.slack.approvers:
        return [Check("slack approvers", "ok", ", ".join(desk.settings.slack.approvers))]
    return [Check("slack approvers", "warn", "nobody may approve in Slack", 'set [slack.approvers] in stoa.toml, e.g. "*" = ["U…"]')]


def _outbox(desk: "Desk") -> list[Check]:
    from memory.clock import system_clock
    from memory.slack_inbox import SlackInbox
    from memory.slack_outbox import SlackOutbox

    outbox = SlackOutbox(desk.database, system_clock)
    counts = outbox.counts()
    failed = outbox.failures(1)
    waiting = counts.get("waiting", 0) + counts.get("sending", 0)
    inbox = SlackInbox(desk.database, system_clock).counts()
    found = f"{inbox.get('', 0)} events wait, {waiting} posts wait, {counts.get('failed', 0)} were refused"
    if failed:
        return [Check("slack traffic", "warn", f"{found}; the last one: {failed[0].error}", "mend the cause; later posts are not held up")]
    return [Check("slack traffic", "ok", found)]


def _halves(sentence: str) -> tuple[str, str]:
    what, _, mend = sentence.partition(": ")
    return what, mend
