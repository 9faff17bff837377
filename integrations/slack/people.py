"""People's names, asked for once."""

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger("stoa.slack")


class People:
    """Names by Slack's ids."""

    def __init__(self, client: "AsyncWebClient") -> None:
        self._client = client
        self._names: dict[str, str] = {}

    async def name(self, person: str) -> str:
        """A person's name; the id where Slack does not tell."""
        from aiohttp import ClientError
        from slack_sdk.errors import SlackApiError

        if person not in self._names:
            try:
                user = (await self._client.users_info(user=person))["user"]
            except (SlackApiError, ClientError, TimeoutError) as error:
                log.warning("Slack does not tell the name of %s: %s", person, type(error).__name__)
                return person
            profile = user.get("profile") or {}
            self._names[person] = profile.get("display_name") or user.get("real_name") or user.get("name") or person
        return self._names[person]

    async def names(self, people: Iterable[str]) -> dict[str, str]:
        """Several at once."""
        wanted = list(dict.fromkeys(people))
        return dict(zip(wanted, await asyncio.gather(*[self.name(person) for person in wanted]), strict=True))
