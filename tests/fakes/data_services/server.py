"""The server: routes by the longest prefix, keeps what it was asked, and uses up one fault a request."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.data_services.payloads import ROUTES


class Fault(NamedTuple):
    """What goes wrong with one answer: a status, or the body made something else. ``cut`` breaks the connection in its midst."""

    status: int = 200
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    change: tuple[bytes, bytes] | None = None
    short: int = 0


class Services:
    """``faults`` are used up one a request; ``requests`` are (path, query, body, headers)."""

    def __init__(self):
        self.faults = []
        self.requests = []
        self.url = ""

    def answer(self, path, query):
        route = max((name for name in ROUTES if path.startswith(name)), key=len, default=None)
        if route is None:
            return 404, b"no such path"
        status, body = ROUTES[route](query, path)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextmanager
def data_services() -> Iterator[Services]:
    services = Services()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._serve(b"")

        def do_POST(self):
            self._serve(self.rfile.read(int(self.headers["content-length"])))

        def _serve(self, sent):
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            services.requests.append((parts.path, query, sent, dict(self.headers)))
            status, body = services.answer(parts.path, query)
            fault = services.faults.pop(0) if services.faults else Fault()
            if fault.status != 200:
                status, body = fault.status, fault.body or b"busy"
            elif fault.body is not None:
                body = fault.body
            if fault.change:
                assert fault.change[0] in body, "the fault changes nothing"
                body = body.replace(*fault.change)
            body = body[: len(body) - fault.short] if fault.short else body
            self.send_response(status)
            for name, value in fault.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault.cut else body)
            if fault.cut:
                self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    services.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
