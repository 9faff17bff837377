"""A Messages API on loopback: endpoints, latency, the sending of answers and of faults."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from tests.fakes.messages_api.batches import Batches
from tests.fakes.messages_api.connection import GONE, Connection, Listener
from tests.fakes.messages_api.faults import BROKEN, Fault, Plan
from tests.fakes.messages_api.profiles import CLAUDE, PROFILES, Catalogue, Facts, Profile
from tests.fakes.messages_api.prompt import Body, tokens
from tests.fakes.messages_api.refused import Refused, error_body
from tests.fakes.messages_api.script import Answer, Brain, Script, as_script
from tests.fakes.messages_api.service import Service, Turn
from tests.fakes.messages_api.wire import Event, events

Latency = float | Callable[[int, Body], float]


@dataclass(frozen=True)
class Request(Mapping[str, Any]):
    """A request as it came; it reads like its body."""

    number: int
    path: str
    body: Body
    headers: dict[str, str]
    time: datetime

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.body)

    def __len__(self) -> int:
        return len(self.body)


class MessagesServer:
    """Use as a context manager; ``url`` is its address. An error in a reply function is raised again at the end."""

    def __init__(
        self,
        script: Script | Brain | Answer | list[Answer],
        *,
        profile: str | Profile = "anthropic",
        faults: Plan | list[Plan] | None = None,
        latency: Latency = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        models: Mapping[str, Facts] | tuple[str, ...] | None = None,
        context_window: int = 200_000,
        cache_minimum: int = 1024,
        refuse_forced_tools: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
        batch_polls: int = 1,
        delta_chars: int = 60,
    ) -> None:
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        facts = Facts(context_window=context_window, cache_minimum=cache_minimum)
        catalogue = _catalogue(models, facts, refuse_forced_tools, self.profile)
        plans = (faults,) if callable(faults) else tuple(faults or ())
        self.script = as_script(script)
        self.service = Service(self.script, self.profile, catalogue, clock, plans)
        self.batches = Batches(self.service, clock, batch_polls)
        self.requests: list[Request] = []
        self.seen: list[tuple[str, str]] = []
        self._clock, self._latency, self._keys, self._width = clock, latency, keys, delta_chars
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._ending = threading.Event()
        self._listener: Listener | None = None
        self.url = ""

    def __enter__(self) -> Self:
        handler = type("Handler", (Connection,), {"answer": staticmethod(self._answer)})
        self._listener = Listener(handler, self.service.errors)
        self.url = f"http://127.0.0.1:{self._listener.server_port}"
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._listener is not None
        self._ending.set()
        self._released.set()
        self._listener.shutdown()
        self._thread.join(timeout=5)
        self._listener.end_connections()
        self._listener.server_close()
        if kind is None and self.service.errors:
            raise self.service.errors[0]

    def unused(self) -> list[Answer]:
        """Replies of the script that nobody asked for."""
        return self.script.unused()

    @property
    def unscripted(self) -> list[str]:
        """The prompts for which the script had no answer."""
        return self.service.unscripted

    @property
    def faulted(self) -> list[tuple[int, str]]:
        """The calls that a fault met, with its kind."""
        return self.service.faulted

    @property
    def bill(self) -> Any:
        return self.service.bill

    def bill_usd(self, prices: Mapping[str, Mapping[str, float]]) -> float:
        """What the service would charge, at USD per million tokens: input, output, cache_write, cache_read; a batch pays half."""
        return self.service.bill.usd(prices)

    def release(self) -> None:
        """Let every stalled answer go on, now and from now on."""
        self._released.set()

    def _answer(self, connection: Connection, method: str, raw: bytes) -> None:
        path = connection.path.split("?", 1)[0].rstrip("/")
        request_id = f"req_{next(self._ids)}"
        headers = {"request-id": request_id, "anthropic-organization-id": "org_loopback"} if self.profile.request_ids else {}
        with self._lock:
            self.seen.append((method, path))
        try:
            self._authorise(connection)
            body = _parsed(raw) if raw else {}
            if (method, path) == ("POST", "/v1/messages"):
                self._messages(connection, path, body, headers)
            else:
                self._rest(connection, method, path, body, headers)
        except Refused as refused:
            connection.send_json(
                refused.status, self._error(refused.status, refused.error, str(refused), headers), {**headers, "x-should-retry": "false"}
            )
        except GONE:
            connection.close_connection = True

    def _authorise(self, connection: Connection) -> None:
        given = connection.headers.get("x-api-key") or (connection.headers.get("authorization") or "").removeprefix("Bearer ")
        if self.profile.strict and not given:
            raise Refused("x-api-key header is required", 401, "authentication_error")
        if self._keys and given not in self._keys:
            raise Refused("invalid x-api-key", 401, "authentication_error")
        if self.profile.strict and not connection.headers.get("anthropic-version"):
            raise Refused("anthropic-version: header is required")

    def _error(self, status: int, error: str, message: str, headers: dict[str, str]) -> Body:
        if self.profile.own_errors:
            return {"error": {"message": message, "type": "BadRequestError" if status == 400 else error, "param": None, "code": status}}
        return error_body(error, message, headers.get("request-id"))

    def _messages(self, connection: Connection, path: str, body: Body, headers: dict[str, str]) -> None:
        with self._lock:
            number = len(self.requests) + 1
            self.requests.append(
                Request(number, path, body, {name.lower(): value for name, value in connection.headers.items()}, self._clock())
            )
        turn = self.service.turn(number, body)
        if isinstance(turn, Fault):
            self._fault(connection, turn, headers)
            return
        wait = self._latency(number, body) if callable(self._latency) else self._latency
        if wait:
            self._ending.wait(wait)
        if body.get("stream"):
            self._stream(connection, turn, headers)
        else:
            self._plain(connection, turn, headers)

    def _fault(self, connection: Connection, fault: Fault, headers: dict[str, str]) -> None:
        if fault.kind in {"html", "raw"}:
            connection.send_whole(fault.status, fault.message.encode(), {**headers, **fault.headers})
        else:
            connection.send_json(fault.status, self._error(fault.status, fault.error, fault.message, headers), {**headers, **fault.headers})

    def _plain(self, connection: Connection, turn: Turn, headers: dict[str, str]) -> None:
        """A whole answer is billed whole, even where its way is broken: the service wrote all of it."""
        fault = turn.fault if turn.fault and turn.fault.kind in BROKEN else None
        if fault and fault.kind == "error_event":
            self._fault(connection, fault, headers)
            return
        self.service.begin(turn)
        turn.charge.output_tokens, turn.charge.complete = turn.message.output_tokens, fault is None
        if fault is None:
            connection.send_json(200, turn.message.wire(), headers)
            return
        data = json.dumps(turn.message.wire(), ensure_ascii=False).encode()
        half = len(data) // 2
        if fault.kind == "malformed_json":
            connection.send_whole(200, data[:half], {"content-type": "application/json", **headers})
            return
        connection.start(200, {"content-type": "application/json", "content-length": str(len(data)), **headers})
        connection.wfile.write(data[:half])
        if fault.kind != "stall":
            connection.hang_up(reset=fault.kind == "cut")
            return
        self._released.wait(fault.seconds)
        connection.wfile.write(data[half:])

    def _stream(self, connection: Connection, turn: Turn, headers: dict[str, str]) -> None:
        fault = turn.fault if turn.fault and turn.fault.kind in BROKEN else None
        self.service.begin(turn)
        connection.start_chunks(headers)
        meter = _Meter(turn)
        sent = 0
        for event in events(turn.message, self._width):
            # Without any delta the fault comes before the answer ends.
            if fault and (event.name == "message_delta" or (event.name == "content_block_delta" and sent >= fault.after)):
                if self._broken(connection, fault, event):
                    return
                fault = None
            sent += bool(event.content)
            meter.count(event)
            connection.send_chunk(event.encode())
        connection.end_chunks()

    def _broken(self, connection: Connection, fault: Fault, event: Event) -> bool:
        """The fault in a stream; true where nothing follows it."""
        data = event.encode()
        match fault.kind:
            case "cut":
                connection.send_chunk(data[: len(data) // 2])
                connection.hang_up(reset=True)
            case "malformed_json":
                connection.send_chunk(data[: len(data) - 12] + b"\n\n")
                connection.end_chunks()
            case "early_close":
                connection.end_chunks()
            case "error_event":
                connection.send_chunk(Event("error", error_body(fault.error, fault.message, None)).encode())
                connection.end_chunks()
            case "stall":
                self._released.wait(fault.seconds)
                return False
        return True

    def _rest(self, connection: Connection, method: str, path: str, body: Body, headers: dict[str, str]) -> None:
        parts = path.removeprefix("/v1/").split("/")
        match (method, *parts):
            case ("POST", "messages", "count_tokens") if self.profile.counts:
                connection.send_json(200, {"input_tokens": self.service.count(body)}, headers)
            case (_, "messages", "batches", *rest) if self.profile.batches:
                self._batches(connection, method, rest, body, headers)
            case ("GET", "models"):
                connection.send_json(200, self._models(), headers)
            case ("GET", "models", name):
                if name not in self.service.catalogue.listed():
                    raise Refused(f"model: {name}", 404, "not_found_error")
                connection.send_json(200, self._model(name), headers)
            case _:
                raise Refused("Not found", 404, "not_found_error")

    def _batches(self, connection: Connection, method: str, rest: list[str], body: Body, headers: dict[str, str]) -> None:
        batches = self.batches
        match (method, *rest):
            case ("POST",):
                answer = batches.create(body).wire(self.url)
            case ("GET",):
                found = [batch.wire(self.url) for batch in reversed(batches.all.values())]
                answer = {"data": found, "has_more": False, "first_id": None, "last_id": None}
            case ("GET", batch_id):
                answer = batches.look(batch_id).wire(self.url)
            case ("POST", batch_id, "cancel"):
                answer = batches.cancel(batch_id).wire(self.url)
            case ("DELETE", batch_id):
                answer = batches.delete(batch_id)
            case ("GET", batch_id, "results"):
                connection.send_whole(200, batches.lines(batch_id), {"content-type": "application/x-jsonl", **headers})
                return
            case _:
                raise Refused("Not found", 404, "not_found_error")
        connection.send_json(200, answer, headers)

    def _models(self) -> Body:
        rows = [self._model(name) for name in self.service.catalogue.listed()]
        if not self.profile.strict:
            return {"object": "list", "data": rows}
        return {"data": rows, "has_more": False, "first_id": rows[0]["id"], "last_id": rows[-1]["id"]}

    def _model(self, name: str) -> Body:
        if not self.profile.strict:
            return {"id": name, "object": "model", "created": 0, "owned_by": self.profile.name}
        facts = self.service.catalogue.find(name) or self.service.catalogue.facts
        return {
            "id": name, "type": "model", "display_name": name, "created_at": "1970-01-01T00:00:00Z", "lifecycle": "active",
            "max_input_tokens": facts.context_window, "max_tokens": facts.max_output,
        }  # fmt: skip


class _Meter:
    """The output on the bill while a stream is sent: whole blocks by the rule, the open one by what was sent of it."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._done = 0
        self._open = ""

    def count(self, event: Event) -> None:
        charge = self._turn.charge
        self._open += event.content
        if event.name == "content_block_stop":
            self._done += tokens(self._open)
            self._open = ""
        charge.output_tokens = self._done + tokens(self._open)
        if event.name in {"message_delta", "message_stop"}:
            charge.output_tokens, charge.complete = self._turn.message.output_tokens, event.name == "message_stop"


def _parsed(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refused(f"The request body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("The request body is not a JSON object")
    return body


def _catalogue(
    models: Mapping[str, Facts] | tuple[str, ...] | None, facts: Facts, unforced: tuple[str, ...], profile: Profile
) -> Catalogue:
    from dataclasses import replace

    names = tuple(models) if models is not None else CLAUDE if profile.strict else ()
    own = dict(models) if isinstance(models, Mapping) else {}
    return Catalogue(names, facts, own | {name: replace(own.get(name, facts), forced_tools=False) for name in unforced})
