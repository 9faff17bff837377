"""Every way in which a call fails, as one of our errors, and whether asking again can help."""

from typing import NamedTuple

from agents.errors import ModelContextError, ModelError, ModelRefusedError, ModelUnreachableError

LONGEST_WAIT = 60.0
"""Seconds: an endpoint that wants a longer pause stops the run, which can be resumed."""
_TOO_LONG = ("prompt is too long", "context length", "context window", "maximum context", "exceeds the available context")


class Fault(NamedTuple):
    """What went wrong. ``wait`` is what the endpoint asked for, in seconds; None where it said nothing."""

    error: ModelError
    again: bool
    wait: float | None = None


def fault_of(error: Exception) -> Fault | None:
    """The fault behind an exception of a call; None when it is not the endpoint's."""
    import anthropic
    import httpx2

    if isinstance(error, ModelUnreachableError):
        return Fault(error, again=True)
    if isinstance(error, ModelError):
        return Fault(error, again=False)
    if isinstance(error, anthropic.APIStatusError):
        return _status(error)
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return Fault(
            ModelUnreachableError("the model did not go on in time: raise model.timeout_seconds, or resume the run later"), again=True
        )
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
        return Fault(ModelUnreachableError(f"the model cannot be reached ({_brief(error)}): the run can be resumed"), again=True)
    if isinstance(error, anthropic.APIError | ValueError):  # the SDK lets what is no JSON through as a ValueError
        return Fault(ModelUnreachableError(f"the model's answer could not be read ({_brief(error)}): the run can be resumed"), again=True)
    return None


def _status(error: "object") -> Fault:
    import anthropic

    assert isinstance(error, anthropic.APIStatusError)
    text = _brief(error)
    kind = str(getattr(error, "type", "") or "")
    if error.status_code == 413 or (error.status_code == 400 and any(words in str(error).lower() for words in _TOO_LONG)):
        return Fault(ModelContextError(f"the request is longer than the model can read ({text})"), again=False)
    busy = error.status_code in {408, 409, 429} or error.status_code >= 500 or kind in {"overloaded_error", "api_error", "rate_limit_error"}
    if not busy:
        hint = "set ANTHROPIC_API_KEY" if error.status_code in {401, 403} else "check model.name and model.base_url"
        return Fault(ModelRefusedError(f"the model's endpoint refuses the request ({error.status_code}: {text}): {hint}"), again=False)
    wait = _seconds(error.response.headers.get("retry-after"))
    said = f"the model's endpoint is busy ({error.status_code}: {text})"
    if wait is not None and wait > LONGEST_WAIT:
        return Fault(ModelUnreachableError(f"{said} and asks for {wait:.0f} seconds: resume the run after that"), again=False, wait=wait)
    return Fault(ModelUnreachableError(f"{said}: the run can be resumed"), again=True, wait=wait)


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _brief(error: Exception) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return str(body["error"].get("message", ""))[:200]
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
