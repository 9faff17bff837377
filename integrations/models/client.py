"""Claude, or any server that speaks the Messages API, through the anthropic SDK: one client for all."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

from agents import tracing
from agents.errors import ModelAnswerError, ModelContextError, ModelError
from agents.model import Answer, Prompt
from agents.turn import Say
from integrations.models.attempts import Outcome, Pause, attempts
from integrations.models.batches import batched
from integrations.models.budget import Budget
from integrations.models.capabilities import Capabilities, CapabilityFile, anthropic
from integrations.models.pace import Pace
from integrations.models.prices import cost_usd
from integrations.models.probe import probe
from integrations.models.receipts import Receipts
from integrations.models.redaction import redactor
from integrations.models.stream import COUNTED, Received, receive
from integrations.models.wire import request_of
from integrations.settings import ModelSettings
from memory.clock import Clock
from memory.journal import Journal

if TYPE_CHECKING:
    from anthropic import Anthropic

FOLLOWERS = 6
"""From so many requests at once on, the others wait until the first is being answered: only then can they read what it cached."""


class Endpoint(NamedTuple):
    """Where the model is, the key to it, and the folder that keeps what it was found to do."""

    settings: ModelSettings
    key: str
    folder: Path


class ModelClient:
    """Fulfils ``Model``: receipts for every attempt, limits before every call, faults as our own errors."""

    def __init__(self, endpoint: Endpoint, journal: Journal, clock: Clock, *, pause: Pause = time.sleep, pace: Pace | None = None) -> None:
        settings, key, folder = endpoint
        self._settings = settings
        self._key = key
        self._clock = clock
        self._found = CapabilityFile(folder)
        self._redact = redactor([key])
        self._pause = pause
        self._pace = pace
        self._receipts = Receipts(journal)
        self._budget = Budget(settings, journal, clock)
        self._journal = journal
        self._opened: Anthropic | None = None

    def close(self) -> None:
        """Let go of the connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def left(self, run_id: str) -> float:
        """The share of the run's budget that is not spent, 0 to 1."""
        return self._budget.left(run_id)

    def complete_all(self, prompts: Sequence[Prompt], say: Say | None = None) -> list[Answer | ModelError]:
        """Answer prompts that do not depend on each other, at once; see ``Model``."""
        keys = [self.key(prompt) for prompt in prompts]
        spans = dict(zip(keys, tracing.call_spans(len(keys)), strict=True))
        found: dict[str, Answer | ModelError] = dict(self._receipts.answers(keys))
        open_ = {key: prompt for key, prompt in zip(keys, prompts, strict=True) if key not in found}
        for key, prompt in zip(keys, prompts, strict=True):
            spans[key].note({tracing.PROVIDER: self._provider, tracing.ASKED_MODEL: self.model_of(prompt), tracing.KNOWN: key in found})
        if open_:
            self._budget.check(prompts[0].run_id, [(self.model_of(prompt), prompt) for prompt in open_.values()])
            booked = {key: self._pace.wait(prompt) for key, prompt in open_.items()} if self._pace else {}
            many = self._settings.batch and len(open_) > 1
            for key, outcome in self._batch(open_) if many else self._stream_all(open_, say):
                found[key] = self._kept(key, open_[key], outcome)
                _tell(spans[key], outcome)
                if self._pace:
                    self._pace.done(booked[key], sum(tried.received.usage.get(name, 0) for tried in outcome.tried for name in COUNTED))
        stopped = next((item for item in found.values() if not isinstance(item, Answer | ModelAnswerError | ModelContextError)), None)
        if stopped is not None:
            raise stopped
        return [found[key] for key in keys]

    @property
    def _provider(self) -> str:
        return "anthropic" if not self._settings.base_url or self._settings.endpoint == "anthropic" else "local"

    def known(self, prompt: Prompt) -> Answer | None:
        """The answer on a receipt; None when this was never asked, or came to nothing."""
        key = self.key(prompt)
        return self._receipts.answers([key]).get(key)

    def key(self, prompt: Prompt) -> str:
        """The same prompt to the same model in the same run is the same call."""
        digest = hashlib.sha256(f"{self.model_of(prompt)}\n{prompt.model_dump_json()}".encode()).hexdigest()
        return f"{prompt.run_id}:{digest}"

    def model_of(self, prompt: Prompt) -> str:
        """The model that answers: the role's in the settings, else the tier's, else the usual one."""
        settings, own = self._settings, self._settings.roles.get(prompt.agent)
        tiers = {"": settings.name, "cheap": settings.cheap or settings.name, "strong": settings.strong or settings.name}
        if own and own.name and prompt.tier != "cheap":
            return own.name
        return tiers.get(prompt.tier, prompt.tier)

    def capabilities(self, model: str = "") -> Capabilities:
        """What the endpoint can do with a model; found out in three requests the first time, unless it is Anthropic's own."""
        model = model or self._settings.name
        if not self._settings.base_url or self._settings.endpoint == "anthropic":
            return anthropic(model)
        known = self._found.get(self._settings.base_url, model)
        if known is None:
            known = self.probe(model)
        return known

    def probed(self) -> Capabilities | None:
        """What was found out about the usual model's endpoint; None when it was not asked yet."""
        return self._found.get(self._settings.base_url, self._settings.name)

    def probe(self, model: str = "") -> Capabilities:
        """Find out anew what the endpoint can do, and keep it."""
        model = model or self._settings.name
        known = probe(self._settings.base_url, model, lambda request: self._probing(model, request), self._clock())
        self._found.put(known)
        return known

    def _probing(self, model: str, request: dict[str, Any]) -> Received:
        outcome = attempts(lambda into, _say: self._send({"model": model, **request}, into, None), None, self._pause)
        prompt = Prompt(shared="", role="", task="probe", agent="desk", run_id="probe")
        at = self._clock().isoformat()
        for number, tried in enumerate(outcome.tried):
            self._receipts.keep(f"probe:{model}:{at}:{len(str(request))}:{number}", prompt, tried, None)
        if outcome.error is not None:
            raise outcome.error
        return outcome.tried[-1].received

    def _stream_all(self, open_: dict[str, Prompt], say: Say | None) -> Iterator[tuple[str, Outcome]]:
        """Every request in a thread of its own; results as they come, so that receipts are written as soon as there are any."""
        requests = {key: self._request(prompt) for key, prompt in open_.items()}
        self._client()
        if len(open_) == 1 or self._settings.parallel == 1:
            # One after the other: each is on its receipt before the next leaves.
            for key, request in requests.items():
                yield key, self._attempts(open_[key], request, say if len(open_) == 1 else None)
            return
        with ThreadPoolExecutor(max_workers=min(len(open_), self._settings.parallel)) as pool:
            waiting: dict[Future[Outcome], str] = {}
            for number, (key, request) in enumerate(requests.items()):
                begun = Event()
                waiting[pool.submit(self._attempts, open_[key], request, None, begun)] = key
                if number == 0 and len(open_) >= FOLLOWERS:
                    begun.wait(self._settings.timeout_seconds)
            for future in as_completed(waiting):
                yield waiting[future], future.result()

    def _attempts(self, prompt: Prompt, request: dict[str, Any], say: Say | None, begun: Event | None = None) -> Outcome:
        try:
            return attempts(lambda into, tell: self._send(request, into, tell, begun), prompt, self._pause, say)
        finally:
            if begun is not None:
                begun.set()

    def _batch(self, open_: dict[str, Prompt]) -> Iterator[tuple[str, Outcome]]:
        requests = {key: self._request(prompt) for key, prompt in open_.items()}
        poll = self._settings.batch_poll_seconds
        return batched(self._client(), self._journal, requests, open_, lambda: self._pause(poll))

    def _kept(self, key: str, prompt: Prompt, outcome: Outcome) -> Answer | ModelError:
        for number, tried in enumerate(outcome.tried[:-1] if outcome.answer else outcome.tried, 1):
            self._receipts.keep(f"{key}:attempt:{tried.received.request_id or self._clock().isoformat()}:{number}", prompt, tried, None)
        if outcome.answer is None:
            return outcome.error or ModelError("the model gave no answer: resume the run")
        self._receipts.keep(key, prompt, outcome.tried[-1], outcome.answer)
        return outcome.answer

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        model = self.model_of(prompt)
        request = request_of(prompt, self.capabilities(model))
        own = self._settings.roles.get(prompt.agent)
        effort = (own.effort if own else "") or (prompt.effort if self._settings.effort else "")
        if effort:
            request["output_config"] = {**request.get("output_config", {}), "effort": effort}
        redacted: dict[str, Any] = _each_text(request, self._redact)
        return {"model": model, "max_tokens": self._settings.max_tokens, **redacted}

    def _client(self) -> "Anthropic":
        if self._opened is None:
            import anthropic as sdk

            url = self._settings.base_url
            extra: dict[str, Any] = {"base_url": url} if url else {}
            if url.startswith("http://"):  # a server of one's own: reading the machine's certificates takes 70 ms and serves nothing
                extra["http_client"] = sdk.DefaultHttpxClient(verify=False)
            # One retry policy, ours: the SDK's would repeat a stream without a word, and obey any retry-after.
            self._opened = sdk.Anthropic(api_key=self._key or "local", timeout=self._settings.timeout_seconds, max_retries=0, **extra)
        return self._opened

    def _send(self, request: dict[str, Any], into: Received, say: Callable[[str], None] | None, begun: Event | None = None) -> None:
        with self._client().messages.create(**request, stream=True) as stream:
            into.request_id = stream.response.headers.get("request-id", "")
            if begun is not None:
                begun.set()
            receive(stream, into, say)


def _tell(span: tracing.Span, outcome: Outcome) -> None:
    """What a call used, over all its attempts; the answer is there, so the span ends here, whatever others still wait for."""
    used = [tried.received for tried in outcome.tried]
    total = {name: sum(received.usage.get(name, 0) for received in used) for name in COUNTED}
    prices = [cost_usd(received.model, received.usage) for received in used if received.usage]
    model = {tracing.MODEL: used[-1].model, tracing.RESPONSE: used[-1].request_id} if used else {}
    span.note({**model, tracing.ATTEMPTS: len(used), tracing.OUTPUT_TOKENS: total.pop("output_tokens")})
    span.note({tracing.INPUT_TOKENS: sum(total.values()), tracing.COST: sum(price or 0.0 for price in prices)})
    span.end(type(outcome.error).__name__ if outcome.answer is None else "")


def _each_text(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, list):
        return [_each_text(item, change) for item in node]
    if isinstance(node, dict):
        return {key: _each_text(value, change) for key, value in node.items()}
    return node
