"""Who is calling over HTTP: a bearer token each, looked up by its hash."""

from typing import TYPE_CHECKING

from memory.errors import InputError

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken

    from memory.access import Tokens


class TokenVerifier:
    """Fulfils the SDK's ``TokenVerifier`` with the desk's table."""

    def __init__(self, tokens: "Tokens") -> None:
        self._tokens = tokens

    async def verify_token(self, token: str) -> "AccessToken | None":
        """The person behind a live token; None makes the SDK answer 401."""
        from anyio.to_thread import run_sync
        from mcp.server.auth.provider import AccessToken

        person = await run_sync(self._tokens.person, token)
        return AccessToken(token=token, client_id=person, scopes=[], subject=person) if person else None


def caller() -> str:
    """The person of the request that is being answered.

    Raises:
        InputError: nobody is signed in; the server was wired without its verifier.
    """
    from mcp.server.auth.middleware.auth_context import get_access_token

    found = get_access_token()
    if found is None:
        raise InputError("nobody is signed in: send the header Authorization: Bearer TOKEN")
    return found.client_id
