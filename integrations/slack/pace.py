"""About one post a second in a channel, and quiet for as long as Slack asks."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from slack_sdk.errors import SlackApiError

T = TypeVar("T")


class Pace:
    """Takes turns at posting into a channel. One object an app: its loop's clock is the only clock."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._free: dict[str, float] = defaultdict(float)
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def free(self, channel: str) -> None:
        """Wait until a post could go, without taking the turn: what comes in meanwhile may go with it."""
        loop = asyncio.get_running_loop()
        while (left := self._free[channel] - loop.time()) > 0:  # noqa: ASYNC110 - the end may move meanwhile
            await asyncio.sleep(left)

    async def turn(self, channel: str) -> None:
        """Wait until a post may go; the next one waits from now."""
        async with self._locks[channel]:
            await self.free(channel)
            self._free[channel] = asyncio.get_running_loop().time() + self._seconds

    def answered(self, channel: str) -> None:
        """A call has returned: the pause counts from here, so that a slow answer does not bring two posts close together."""
        self._free[channel] = max(self._free[channel], asyncio.get_running_loop().time() + self._seconds)

    def quiet(self, channel: str, seconds: float) -> None:
        """Slack said ``Retry-After``."""
        self._free[channel] = max(self._free[channel], asyncio.get_running_loop().time() + seconds)


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, or for so long."""
    # Not asyncio.wait_for: in Python 3.11 it loses a cancellation that comes with the event.
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def retry_after(error: "SlackApiError") -> float | None:
    """Seconds for which Slack wants to be left alone; None when it says something else."""
    if error.response.get("error") != "ratelimited" and error.response.status_code != 429:
        return None
    return float(error.response.headers.get("Retry-After", 1))


async def patiently(call: Callable[[], Awaitable[T]], longest: float) -> T:
    """Make a call, again after the pause that Slack asks for; what would take longer than so many seconds in all is its error."""
    from slack_sdk.errors import SlackApiError

    left = longest
    while True:
        try:
            return await call()
        except SlackApiError as error:
            pause = retry_after(error)
            if pause is None or pause > left:
                raise
            left -= max(pause, 0.1)
            await asyncio.sleep(pause)
