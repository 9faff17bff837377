"""The app as Slack needs it described: ``slack-app.yaml`` is made from this, and the doctor checks against it."""

from typing import Any

SCOPES = {
    "app_mentions:read": "hear when it is mentioned",
    "assistant:write": "show a status line while it works",
    "channels:history": "read the threads of its channels",
    "channels:read": "know which channels it is in",
    "chat:write": "post",
    "chat:write.customize": "post under each agent's own name",
    "commands": "answer /stoa",
    "files:read": "read files dropped into its channels",
    "files:write": "post charts",
    "groups:history": "read the threads of its private channels",
    "groups:read": "know which private channels it is in",
    "im:history": "read direct messages to it",
    "metadata.message:read": "find its own posts again after a crash",
    "reactions:read": "take reactions as feedback",
    "users:read": "know people by their names",
}
"""What the bot's token must allow, and what for."""

EVENTS = (
    "app_home_opened", "app_mention", "assistant_thread_context_changed", "assistant_thread_started",
    "message.channels", "message.groups", "message.im", "reaction_added", "reaction_removed",
)  # fmt: skip

LONG = (
    "Stoa keeps a book of investment theses true. A data analyst, a quant, a developer, a front-end engineer and an architect share one "
    "memory, argue in the open, quote their sources, and ask a person before they change what matters."
)


def manifest(mode: str = "socket", url: str = "https://YOUR-ADDRESS/slack/events") -> dict[str, Any]:
    """The manifest; with mode http the address at which Slack reaches the desk stands in three places."""
    socket = mode == "socket"
    address = {} if socket else {"request_url": url}
    command = {
        "command": "/stoa",
        "description": "Ask the desk, see the book, begin a run",
        "usage_hint": "book | run | schedule | a question",
    }
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Stoa", "description": "A research desk of agents that keeps a thesis book true", "long_description": LONG,
            "background_color": "#0b3d53",
        },
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": "Stoa", "always_online": True},
            "slash_commands": [{**command, "should_escape": False, **({} if socket else {"url": url})}],
            "assistant_view": {
                "assistant_description": "A research desk that quotes its sources",
                "suggested_prompts": [
                    {"title": "What changed?", "message": "What changed since the last run?"},
                    {"title": "Price a position", "message": "quant: price the SLV 70/90/110 butterfly"},
                ],
            },
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }  # fmt: skip


def as_yaml(mode: str = "socket") -> str:
    """The manifest as a person pastes it."""
    import yaml

    return str(yaml.safe_dump(manifest(mode), sort_keys=False, allow_unicode=True, width=110))
