"""Socket Mode: envelopes over a websocket, delivered until they are acknowledged, with the order and the gaps a test wants."""

import asyncio
import json
import time
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web


@dataclass
class Envelope:
    """One thing that Slack wants acknowledged."""

    id: str
    kind: str
    payload: dict
    first_sent: float = 0.0
    sent: float = 0.0
    attempts: int = 0
    acked: float = 0.0
    answer: dict = field(default_factory=dict)
    on: object = None

    @property
    def seconds(self):
        """From the delivery that was acknowledged to the acknowledgement."""
        return self.acked - self.sent


class SocketMode:
    """Connections and what is on its way to them."""

    def __init__(self, workspace, retry_seconds=3.0):
        self.ws = workspace
        self.retry_seconds = retry_seconds
        self.sockets = []
        self.envelopes = {}
        self.waiting = []
        self.connections = 0
        self.changed = lambda: None
        self._retries = set()

    async def accept(self, request):
        """One connection, until either side ends it."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": "A0APP"}})
        self.changed()
        try:
            await self._flush()
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledge(json.loads(message.data))
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            for envelope in self.envelopes.values():
                if envelope.on is socket and not envelope.acked:
                    self._again(envelope)
            await self._flush()
        return socket

    def _acknowledge(self, answer):
        envelope = self.envelopes.get(answer.get("envelope_id", ""))
        if envelope and not envelope.acked:
            envelope.acked = time.monotonic()
            envelope.answer = answer.get("payload") or {}
            self.changed()

    async def deliver(self, kind, payload, *, copies=1):
        """Send now, or as soon as somebody is connected; returns the envelope of the first copy."""
        made = []
        for _ in range(copies):
            envelope = Envelope(f"env-{self.ws.number()}", kind, payload)
            self.envelopes[envelope.id] = envelope
            self.waiting.append(envelope)
            made.append(envelope)
        await self._flush()
        return made[0]

    async def _flush(self):
        while self.waiting and self.sockets:
            envelope = self.waiting.pop(0)
            socket = self.sockets[envelope.attempts % len(self.sockets)]
            body = {"envelope_id": envelope.id, "type": envelope.kind, "payload": envelope.payload, "accepts_response_payload": True}
            if envelope.attempts:
                body |= {"retry_attempt": envelope.attempts, "retry_reason": "timeout"}
            envelope.attempts += 1
            envelope.on = socket
            envelope.sent = time.monotonic()
            envelope.first_sent = envelope.first_sent or envelope.sent
            try:
                await socket.send_json(body)
            except ConnectionError:
                self._again(envelope)
                continue
            self._watch(envelope, envelope.attempts)

    def _watch(self, envelope, attempt):
        def late():
            if not envelope.acked and envelope.attempts == attempt and attempt < 4:
                self._again(envelope)
                task = loop.create_task(self._flush())
                self._retries.add(task)
                task.add_done_callback(self._retries.discard)

        loop = asyncio.get_running_loop()
        loop.call_later(self.retry_seconds, late)

    def _again(self, envelope):
        if envelope not in self.waiting:
            self.waiting.append(envelope)

    async def disconnect(self, *, politely=False):
        """Slack's refresh (with a word before), or a connection that is cut."""
        for socket in list(self.sockets):
            if politely:
                await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            else:
                self.sockets.remove(socket)
                socket._req.transport.abort()
