"""The HTTP side: one connection a thread, answers whole or in chunks, and the ways in which a connection fails."""

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.messages_api.prompt import Body

GONE = (ConnectionError, TimeoutError, OSError)


class Listener(ThreadingHTTPServer):
    """A server on a free port of loopback that can end all its connections and wait for their threads."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler: type[BaseHTTPRequestHandler], errors: list[BaseException]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._errors = errors

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        import sys

        error = sys.exception()
        if error is not None and not isinstance(error, GONE):
            self._errors.append(error)

    def end_connections(self) -> None:
        with self._changed:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it was closed by its own thread
            assert self._changed.wait_for(lambda: not self._open, timeout=5), "a connection of the loopback server did not end"


class Connection(BaseHTTPRequestHandler):
    """Sends what it is told; who decides is in the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer: Any

    def do_GET(self) -> None:
        self.answer(self, "GET", b"")

    def do_DELETE(self) -> None:
        self.answer(self, "DELETE", b"")

    def do_POST(self) -> None:
        self.answer(self, "POST", self.rfile.read(int(self.headers.get("content-length") or 0)))

    def log_message(self, *_: Any) -> None:
        pass

    def send_whole(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.start(status, {**headers, "content-length": str(len(body))})
        self.wfile.write(body)

    def send_json(self, status: int, body: Body, headers: dict[str, str]) -> None:
        self.send_whole(status, json.dumps(body, ensure_ascii=False).encode(), {"content-type": "application/json", **headers})

    def start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def start_chunks(self, headers: dict[str, str]) -> None:
        self.start(
            200,
            {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "transfer-encoding": "chunked", **headers},
        )

    def send_chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end_chunks(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def hang_up(self, reset: bool) -> None:
        """Close without a word: by a reset, or as an ordinary end."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()
