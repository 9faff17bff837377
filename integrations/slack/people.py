"""People's names, asked for once."""

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from integrations.slack.pace import patiently, retry_after

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger("stoa.slack")

PATIENCE = 5.0
"""Seconds for which an answer waits for the name of who asked."""


class People:
    """Names by Slack's ids."""

    def __init__(self, client: "AsyncWebClient") -> None:
        self._client = client
        self._names: dict[str, str] = {}
        self._one = asyncio.Lock()
        self._quiet_until = 0.0

    async def name(self, person: str) -> str:
        """A person's name; the id where Slack does not tell, or not for a while."""
        async with self._one:
            if person not in self._names and asyncio.get_running_loop().time() >= self._quiet_until:
                await self._ask(person)
        return self._names.get(person, person)

    async def _ask(self, person: str) -> None:
        from aiohttp import ClientError
        from slack_sdk.errors import SlackApiError

        try:
            user = (await patiently(lambda: self._client.users_info(user=person), PATIENCE))["user"]
        except (SlackApiError, ClientError, TimeoutError) as error:
            if isinstance(error, SlackApiError) and (pause := retry_after(error)) is not None:
                self._quiet_until = asyncio.get_running_loop().time() + pause
            log.warning("Slack does not tell the name of %s: %s", person, type(error).__name__)
            return
        profile = user.get("profile") or {}
        self._names[person] = profile.get("display_name") or user.get("real_name") or user.get("name") or person

    async def names(self, people: Iterable[str]) -> dict[str, str]:
        """Several at once."""
        wanted = list(dict.fromkeys(people))
        return dict(zip(wanted, await asyncio.gather(*[self.name(person) for person in wanted]), strict=True))
