"""Message Batches: half the price for who can wait, as a scheduled run can."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from agents.errors import ModelAnswerError, ModelRefusedError, ModelUnreachableError
from agents.model import Prompt
from integrations.models.attempts import Outcome, Tried
from integrations.models.faults import fault_of
from integrations.models.stream import COUNTED, Received, answer_of
from memory.journal import Journal

if TYPE_CHECKING:
    from anthropic import Anthropic

POLLS = 3000


def batched(
    client: "Anthropic", journal: Journal, requests: dict[str, dict[str, Any]], prompts: dict[str, Prompt], pause: Callable[[], None]
) -> Iterator[tuple[str, Outcome]]:
    """Send requests as one batch, wait for it, and give out each result under its key.

    The batch's id is written down before the wait, so that a run that is cut off asks for its results and not for a second batch.

    Raises:
        ModelError: the batch cannot be made or fetched.
    """
    known = {key: found["batch"] for key in requests if (found := journal.effect(f"{key}:batch")) is not None}
    fresh = {key: request for key, request in requests.items() if key not in known}
    try:
        if fresh:
            items = [{"custom_id": _name(key), "params": request} for key, request in fresh.items()]
            batch = client.messages.batches.create(requests=cast("Any", items))
            run_id = prompts[next(iter(fresh))].run_id
            journal.note_all({f"{key}:batch": {"batch": batch.id} for key in fresh}, run_id, "batch")
            known |= dict.fromkeys(fresh, batch.id)
        for batch_id in dict.fromkeys(known.values()):
            _wait(client, batch_id, pause)
            names = {_name(key): key for key, owner in known.items() if owner == batch_id}
            for item in client.messages.batches.results(batch_id):
                if item.custom_id in names:
                    key = names[item.custom_id]
                    yield key, _outcome(item.result, prompts[key])
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault.error from error


def _name(key: str) -> str:
    return key.rsplit(":", 1)[-1][:64]


def _wait(client: "Anthropic", batch_id: str, pause: Callable[[], None]) -> None:
    for _ in range(POLLS):
        if client.messages.batches.retrieve(batch_id).processing_status == "ended":
            return
        pause()
    raise ModelUnreachableError(f"batch {batch_id} is not done: resume the run later")


def _outcome(result: Any, prompt: Prompt) -> Outcome:
    if result.type != "succeeded":
        reason = getattr(getattr(getattr(result, "error", None), "error", None), "message", result.type)
        error = ModelRefusedError(f"the batch refused a request ({reason}): check it and resume the run")
        return Outcome(error=error if result.type == "errored" else ModelUnreachableError(f"a request of the batch has {result.type}"))
    message = result.message
    received = Received(model=message.model, request_id=message.id, stop_reason=message.stop_reason, ended=True)
    received.usage = {name: value for name, value in message.usage.model_dump().items() if name in COUNTED and isinstance(value, int)}
    received.usage["batch"] = 1
    for number, block in enumerate(message.content):
        shown = block.model_dump(exclude_none=True)
        if block.type == "text":
            shown["citations"] = list(block.citations or ())
        received.blocks[number] = {**shown, "json": "", "given": shown.get("input")} if block.type == "tool_use" else shown
    outcome = Outcome(tried=[Tried(received)])
    try:
        outcome.answer = answer_of(received, prompt)
    except ModelAnswerError as error:
        outcome.error = error
    return outcome
