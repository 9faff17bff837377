"""A request that is not answered, as the service says so."""

from typing import Any


class Refused(Exception):
    """A status and an error body."""

    def __init__(self, message: str, status: int = 400, error: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.error = error


def error_body(error: str, message: str, request_id: str | None) -> dict[str, Any]:
    return {"type": "error", "error": {"type": error, "message": message}} | ({"request_id": request_id} if request_id else {})
