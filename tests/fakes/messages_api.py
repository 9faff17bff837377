"""A Messages API on loopback: answers from a script, keeps what it was asked, and fails on demand."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class MessagesApi:
    """``answers`` are texts, or (status, body, headers) for a fault; one is used up by each request."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.requests = []
        self.usage = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        self.url = ""

    def reply(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, tuple):
            return answer
        stop = "end_turn"
        if isinstance(answer, dict):
            stop, answer = answer["stop_reason"], answer["text"]
        body = {
            "id": f"msg_{len(self.requests)}", "type": "message", "role": "assistant", "model": request["model"], "stop_reason": stop,
            "stop_sequence": None, "content": [{"type": "text", "text": answer}], "usage": self.usage,
        }  # fmt: skip
        return 200, json.dumps(body), {"content-type": "application/json", "request-id": f"req_{len(self.requests)}"}


@contextmanager
def messages_api(*answers) -> Iterator[MessagesApi]:
    """Serve until the block ends; an answer left over means that a call was not made."""
    api = MessagesApi(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.path == "/v1/messages"
            length = int(self.headers["content-length"])
            status, body, headers = api.reply(json.loads(self.rfile.read(length)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
