"""Message batches: kept until they end, then answered one by one at half the price."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.messages_api.faults import Fault
from tests.fakes.messages_api.prompt import Body
from tests.fakes.messages_api.refused import Refused, error_body
from tests.fakes.messages_api.service import Service

_LIFE = timedelta(hours=24)
_KINDS = ("processing", "succeeded", "errored", "canceled", "expired")


@dataclass
class Batch:
    """One batch. ``polls`` is how often its state is still read as not ended."""

    id: str
    requests: list[Body]
    created: datetime
    polls: int
    state: str = "in_progress"
    results: dict[str, Body] = field(default_factory=dict)
    ended: datetime | None = None
    cancelled: datetime | None = None

    def wire(self, url: str) -> Body:
        counts = dict.fromkeys(_KINDS, 0)
        for result in self.results.values():
            counts[result["type"]] += 1
        counts["processing"] = len(self.requests) - len(self.results)
        return {
            "id": self.id, "type": "message_batch", "processing_status": self.state, "request_counts": counts, "archived_at": None,
            "created_at": self.created.isoformat(), "expires_at": (self.created + _LIFE).isoformat(),
            "ended_at": self.ended.isoformat() if self.ended else None,
            "cancel_initiated_at": self.cancelled.isoformat() if self.cancelled else None,
            "results_url": f"{url}/v1/messages/batches/{self.id}/results" if self.state == "ended" else None,
        }  # fmt: skip


class Batches:
    """All batches of a server."""

    def __init__(self, service: Service, clock: Callable[[], datetime], polls: int) -> None:
        self._service = service
        self._clock = clock
        self._polls = polls
        self._lock = threading.RLock()
        self.all: dict[str, Batch] = {}

    def create(self, body: Body) -> Batch:
        requests = body.get("requests")
        if not requests:
            raise Refused("requests: List should have at least 1 item after validation, not 0")
        names = [request.get("custom_id", "") for request in requests]
        for place, request in enumerate(requests):
            if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", names[place]):
                raise Refused(f"requests.{place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
            if request.get("params", {}).get("stream"):
                raise Refused(f"requests.{place}.params.stream: Input should be False")
        if len(set(names)) != len(names):
            raise Refused("requests: custom_id must be unique within a batch")
        with self._lock:
            batch = Batch(f"msgbatch_{len(self.all) + 1}", requests, self._clock(), self._polls)
            self.all[batch.id] = batch
        return batch

    def find(self, batch_id: str) -> Batch:
        if batch_id not in self.all:
            raise Refused(f"Could not find batch {batch_id}", 404, "not_found_error")
        return self.all[batch_id]

    def look(self, batch_id: str) -> Batch:
        """The state as a client reads it: the last look that is not the end brings the end nearer."""
        with self._lock:
            batch = self.find(batch_id)
            if batch.state != "ended" and (batch.polls <= 0 or batch.state == "canceling"):
                self._end(batch)
            batch.polls -= 1
            return batch

    def finish(self, batch_id: str, keep: int | None = None) -> None:
        """End a batch now; with ``keep`` only that many requests are answered and the rest expires."""
        with self._lock:
            self._end(self.find(batch_id), keep)

    def cancel(self, batch_id: str) -> Batch:
        with self._lock:
            batch = self.find(batch_id)
            if batch.state == "ended":
                raise Refused(f"Batch {batch_id} has ended and cannot be canceled")
            batch.state = "canceling"
            batch.cancelled = batch.cancelled or self._clock()
            return batch

    def delete(self, batch_id: str) -> Body:
        with self._lock:
            if self.find(batch_id).state != "ended":
                raise Refused(f"Batch {batch_id} has not ended: cancel it first")
            del self.all[batch_id]
        return {"id": batch_id, "type": "message_batch_deleted"}

    def lines(self, batch_id: str) -> bytes:
        batch = self.find(batch_id)
        if batch.state != "ended":
            raise Refused(f"Batch {batch_id} has no results yet", 404, "not_found_error")
        # Results come in any order on the service: the last first, so that nobody can count on it.
        rows = [{"custom_id": name, "result": result} for name, result in reversed(batch.results.items())]
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()

    def _end(self, batch: Batch, keep: int | None = None) -> None:
        late = self._clock() >= batch.created + _LIFE
        for place, request in enumerate(batch.requests):
            if batch.state == "canceling":
                result: Body = {"type": "canceled"}
            elif late or (keep is not None and place >= keep):
                result = {"type": "expired"}
            else:
                result = self._result(f"{batch.id}_{place}", request["params"])
            batch.results[request["custom_id"]] = result
        batch.state, batch.ended = "ended", self._clock()

    def _result(self, name: str, params: Any) -> Body:
        try:
            turn = self._service.turn(0, params, name, batch=True)
        except Refused as refused:
            return {"type": "errored", "error": error_body(refused.error, str(refused), None)}
        if isinstance(turn, Fault):
            return {"type": "errored", "error": error_body(turn.error or "api_error", turn.message or "Internal server error", None)}
        self._service.begin(turn)
        turn.charge.output_tokens, turn.charge.complete = turn.message.output_tokens, True
        return {"type": "succeeded", "message": turn.message.wire()}
