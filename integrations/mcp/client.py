"""Outside MCP servers: their approved tools as namespaced tools of ours, their answers as untrusted text.

The SDK is asynchronous and the desk is not: one background event loop holds the connections. Nothing is declared to a
server but tools: no sampling, no elicitation, no roots.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agents.errors import OutsideError, ToolError
from agents.outside import Offered, Offering, OutsideResult
from agents.tool import tools as own_tools
from integrations.mcp.pins import Standing, standing
from integrations.settings import McpServerSettings, variable
from memory.access import Pins
from memory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.from_thread import BlockingPortal
    from mcp import Client, Tool

LONGEST = 60_000
"""Characters of an answer that a turn is given."""

PAGES = 50
"""Of a listing: a server that never ends its list is left."""


class OutsideServers:
    """Fulfils ``OutsideTools`` with the servers of the settings. A server is started or reached when it is first needed.

    Threads may share it. Why a server gives nothing is part of what it offers, and said aloud once.
    """

    def __init__(
        self, settings: Mapping[str, McpServerSettings], pins: Pins, logs: Path, warn: Callable[[str], None] = lambda _text: None
    ) -> None:
        spaces = {name.partition(".")[0] for name in own_tools()}
        if taken := sorted(spaces & set(settings)):
            raise InputError(f"[mcp.servers.{taken[0]}] has the name of the desk's own tools: give it another name")
        self._settings = settings
        self._pins = pins
        self._logs = logs
        self._warn = warn
        self._said: set[str] = set()
        self._opening = threading.Lock()
        self._open = ExitStack()
        self._portal: BlockingPortal | None = None
        self._clients: dict[str, tuple[Client, ExitStack]] = {}

    def offered(self, role: str) -> Offering:
        """The role's approved, unchanged tools; and why a server gives none."""
        found: list[Offered] = []
        problems: list[str] = []
        for server, settings in self._settings.items():
            allowed = settings.roles.get(role, ())
            if not allowed:
                continue
            try:
                listed = {tool.name: tool for tool in self._listed(server)}
            except OutsideError as error:
                problems.append(str(error))
                continue
            states = standing(settings, list(listed.values()), self._pins.of(server))
            found += [_offer(server, listed[item.tool]) for item in states if item.state == "approved" and _on(allowed, item.tool)]
            if waiting := [item for item in states if item.state in {"new", "changed"} and _on(allowed, item.tool)]:
                problems.append(f"{len(waiting)} tools of {server} wait for approval: stoa mcp approve {server}")
        for problem in problems:
            if problem not in self._said:
                self._said.add(problem)
                self._warn(problem)
        return Offering(tuple(found), tuple(problems))

    def call(self, role: str, name: str, arguments: Mapping[str, Any]) -> OutsideResult:
        """Call ``SERVER.TOOL``; its definition is held against the approval first, each time.

        Raises:
            ToolError: the role may not, or nobody approved the tool as it is now.
            OutsideError: the server is not there, or too slow.
        """
        server, _, tool = name.partition(".")
        settings = self._settings.get(server)
        if settings is None or not _on(settings.roles.get(role, ()), tool):
            raise ToolError(f"{role} may not call {name}: a person allows it in stoa.toml under [mcp.servers.{server}] roles")
        state = next((item for item in self.standing(server) if item.tool == tool), None)
        if state is None:
            raise ToolError(f"{server} has no tool {tool!r} any more: stoa mcp servers shows what it has")
        if state.state != "approved":
            raise ToolError(f"{name} cannot be used, {state.reason}: a person runs stoa mcp approve {server}")
        return self._call(server, tool, arguments)

    def standing(self, server: str) -> list[Standing]:
        """Each tool that a server offers now, and whether it is as a person approved it."""
        if server not in self._settings:
            known = ", ".join(self._settings) or "none"
            raise InputError(f"there is no [mcp.servers.{server}] in stoa.toml: there are {known}")
        return standing(self._settings[server], self._listed(server), self._pins.of(server))

    def _listed(self, server: str) -> "list[Tool]":
        client = self._client(server)

        async def walk() -> "list[Tool]":
            found: list[Tool] = []
            cursor = None
            for _ in range(PAGES):
                page = await client.list_tools(cursor=cursor)
                found += page.tools
                cursor = page.next_cursor
                if not cursor:
                    break
            return found

        return list(self._asked(server, walk))

    def _call(self, server: str, tool: str, arguments: Mapping[str, Any]) -> OutsideResult:
        client = self._client(server)
        found = self._asked(server, lambda: client.call_tool(tool, dict(arguments)))
        text = "\n".join(_text(block) for block in found.content)
        if not text and found.structured_content is not None:
            import json

            text = json.dumps(found.structured_content, ensure_ascii=False)
        return OutsideResult(tool=f"{server}.{tool}", text=text[:LONGEST], is_error=bool(found.is_error), truncated=len(text) > LONGEST)

    def _asked(self, server: str, ask: Any) -> Any:
        from mcp import MCPError

        assert self._portal is not None

        async def bounded() -> Any:
            import anyio

            with anyio.fail_after(self._settings[server].timeout_seconds):
                return await ask()

        try:
            return self._portal.call(bounded)
        except TimeoutError as error:
            self._drop(server)
            raise OutsideError(f"{server} did not answer in {self._settings[server].timeout_seconds:g} s: try again later") from error
        except (MCPError, RuntimeError, OSError, ValueError) as error:
            self._drop(server)
            raise OutsideError(f"{server} failed ({_first(error)}): its log is {self._log(server)}") from error

    def _client(self, server: str) -> "Client":
        with self._opening:
            if server not in self._clients:
                from anyio.from_thread import start_blocking_portal

                if self._portal is None:
                    self._portal = self._open.enter_context(start_blocking_portal())
                opened = ExitStack()
                connected = self._portal.wrap_async_context_manager(self._connected(server))
                try:
                    self._clients[server] = (opened.enter_context(connected), opened)
                except Exception as error:
                    # The transports raise what their process or socket raises, often in groups: all of it is one state.
                    raise OutsideError(
                        f"{server} cannot be reached ({_first(error)}): see [mcp.servers.{server}], log {self._log(server)}"
                    ) from error
            return self._clients[server][0]

    def _drop(self, server: str) -> None:
        """Hang up. A connection that broke says so again when it is closed; its call has said it before."""
        with self._opening:
            _, opened = self._clients.pop(server, (None, ExitStack()))
        with suppress(ExceptionGroup):
            opened.close()

    @asynccontextmanager
    async def _connected(self, server: str) -> "AsyncIterator[Client]":
        from mcp import Client

        settings = self._settings[server]
        async with AsyncExitStack() as stack:
            transport = await self._transport(server, settings, stack)
            # A second more than a call gets: the handshake is bounded too, and a slow call ends with our own sentence.
            client = Client(transport, read_timeout_seconds=settings.timeout_seconds + 1, cache=None)
            yield await stack.enter_async_context(client)

    async def _transport(self, server: str, settings: McpServerSettings, stack: AsyncExitStack) -> AbstractAsyncContextManager[Any]:
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client
        from mcp.client.streamable_http import streamable_http_client

        if settings.url:
            import httpx2

            headers = {"Authorization": f"Bearer {variable(settings.token_env)}"} if settings.token_env else {}
            # Reading has no limit of its own: the call has one, and a second clock would break the connection first.
            limits = httpx2.Timeout(settings.timeout_seconds, read=None)
            http = httpx2.AsyncClient(headers=headers, timeout=limits, follow_redirects=False)
            return streamable_http_client(settings.url, http_client=await stack.enter_async_context(http))
        self._logs.mkdir(parents=True, exist_ok=True)
        log = stack.enter_context(self._log(server).open("a", encoding="utf-8"))
        env = {name: variable(name) for name in settings.env}
        return stdio_client(StdioServerParameters(command=settings.command, args=list(settings.args), env=env), errlog=log)

    def _log(self, server: str) -> Path:
        return self._logs / f"mcp-{server}.log"

    def close(self) -> None:
        """Hang up on every server, and stop those that were started."""
        for server in list(self._clients):
            self._drop(server)
        self._open.close()
        self._portal = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _on(allowed: Sequence[str], tool: str) -> bool:
    return tool in allowed or "*" in allowed


def _offer(server: str, tool: "Tool") -> Offered:
    hint = tool.annotations.read_only_hint if tool.annotations else None
    return Offered(f"{server}.{tool.name}", tool.description or "", dict(tool.input_schema), "read" if hint else "post")


def _text(block: Any) -> str:
    """A block of an answer as text; what is no text is named, not shown."""
    return block.text if block.type == "text" else f"[{block.type} left out]"


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split())[:200] or type(error).__name__
