"""Claude, or any server that speaks the Messages API, through the anthropic SDK."""

import hashlib
from typing import TYPE_CHECKING, Any

from agents.errors import ModelAnswerError, ModelRefusedError, ModelUnreachableError
from agents.model import Answer, Prompt
from integrations.models.pace import Pace
from integrations.models.prices import cost_usd
from integrations.settings import ModelSettings
from memory.journal import Journal
from orchestrator.errors import BudgetError

if TYPE_CHECKING:
    import anthropic

_COUNTED = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class ClaudeModel:
    """Fulfils ``Model``: a receipt for every call, the budget checked before it, faults as our own errors."""

    def __init__(self, settings: ModelSettings, key: str, journal: Journal, pace: Pace | None = None) -> None:
        self._settings = settings
        self._pace = pace
        self._key = key
        self._journal = journal
        self._client: anthropic.Anthropic | None = None

    def complete(self, prompt: Prompt) -> Answer:
        """One request. A prompt that this run has sent before is answered from its receipt: a resumed run pays once."""
        digest = hashlib.sha256(f"{self._settings.name}\n{prompt.shared}\n{prompt.role}\n{prompt.task}".encode()).hexdigest()
        key = f"{prompt.run_id}:{digest}"
        for receipt in self._journal.receipts(prompt.run_id):
            if receipt["key"] == key and receipt["answer"]:
                return Answer(text=receipt["answer"]["text"], model=receipt["model"], request_id=receipt["request_id"])
        self._check_budget(prompt.run_id)
        booked = self._pace.wait(prompt) if self._pace else 0
        message = self._send(prompt)
        text = self._text(message)
        usage = {name: value for name, value in message.usage.model_dump().items() if isinstance(value, int)}
        if self._pace:
            self._pace.done(booked, sum(usage.get(name, 0) for name in _COUNTED))
        self._journal.receipt(
            key,
            {
                "run_id": prompt.run_id, "agent": prompt.agent, "thesis": prompt.thesis, "model": message.model, "prompt_hash": digest,
                "usage": usage, "cost_usd": cost_usd(message.model, usage), "request_id": message._request_id or "",  # noqa: SLF001 - the library offers no public name
                "answer": {"text": text},
            },
        )  # fmt: skip
        return Answer(text=text, model=message.model, request_id=message._request_id or "")  # noqa: SLF001 - the library offers no public name

    def _check_budget(self, run_id: str) -> None:
        settings = self._settings
        receipts = self._journal.receipts(run_id)
        spent = sum(receipt["cost_usd"] or 0.0 for receipt in receipts)
        tokens = sum(sum(receipt["usage"].get(name, 0) for name in _COUNTED) for receipt in receipts)
        if spent >= settings.budget_usd:
            raise BudgetError(f"run {run_id} has spent {spent:.2f} of {settings.budget_usd:.2f} USD: raise model.budget_usd and resume it")
        if tokens >= settings.budget_tokens:
            raise BudgetError(f"run {run_id} has used {tokens} of {settings.budget_tokens} tokens: raise model.budget_tokens and resume it")

    def _open(self) -> "anthropic.Anthropic":
        if self._client is None:
            import anthropic

            extra: dict[str, Any] = {"base_url": self._settings.base_url} if self._settings.base_url else {}
            # The SDK retries 408, 409, 429 and 5xx, and honours retry-after; nothing above it retries again.
            self._client = anthropic.Anthropic(api_key=self._key or "local", timeout=self._settings.timeout_seconds, max_retries=3, **extra)
        return self._client

    def _send(self, prompt: Prompt) -> "anthropic.types.Message":
        import anthropic

        try:
            return self._open().messages.create(
                model=self._settings.name,
                max_tokens=self._settings.max_tokens,
                system=[{"type": "text", "text": prompt.shared, "cache_control": {"type": "ephemeral"}}],
                messages=[{"role": "user", "content": f"{prompt.role}\n\n{prompt.task}"}],
            )
        except (anthropic.APIConnectionError, anthropic.RateLimitError, anthropic.InternalServerError) as error:
            raise ModelUnreachableError(f"the model cannot be reached ({error}): try again later, the run can be resumed") from error
        except anthropic.APIStatusError as error:
            raise ModelRefusedError(
                f"the model's endpoint refuses the request ({error.status_code}): check model.name, the key and model.base_url"
            ) from error
        except (anthropic.APIError, ValueError) as error:  # the SDK lets a body that is no JSON through as a ValueError
            raise ModelUnreachableError(f"the model's answer could not be read ({error}): the run can be resumed") from error

    def _text(self, message: object) -> str:
        """The answer's text, or an error for what the SDK lets through: a page instead of a message, a cut answer."""
        import anthropic

        if not isinstance(message, anthropic.types.Message):
            raise ModelUnreachableError("the endpoint answered with something that is no message: check model.base_url")
        if message.stop_reason is None:
            raise ModelUnreachableError("the answer ended before its end: the run can be resumed")
        if message.stop_reason == "refusal":
            raise ModelAnswerError("the model refused to answer")
        text = "".join(block.text for block in message.content if block.type == "text")
        if not text.strip():
            raise ModelAnswerError("the answer is empty")
        return text
