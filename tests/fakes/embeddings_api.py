"""An embeddings endpoint on loopback: vectors of hashed words, in both dialects, with faults on demand."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from memory.embedding import HashedBM25


class EmbeddingsApi:
    """``faults`` are (status, body, headers), each used up by one request before vectors are given again."""

    def __init__(self, dimensions=64):
        self.model = HashedBM25(dimensions)
        self.drift = 0.0
        self.faults = []
        self.requests = []
        self.keys = []
        self.url = ""

    def reply(self, request):
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        import numpy as np

        texts = request["input"]
        query = request.get("input_type") == "query"
        asked = request.get("dimensions") or request.get("output_dimension")
        model = HashedBM25(asked) if asked else self.model
        vectors = model.embed_queries(texts) if query else model.embed_documents(texts)
        # A real model gives every text a direction, also one without a word.
        vectors = vectors * 3 + np.where(vectors.any(axis=1), 0, 1)[:, None] + self.drift * np.arange(vectors.shape[1])
        data = [{"object": "embedding", "index": i, "embedding": row.tolist()} for i, row in enumerate(vectors)]
        # Some servers answer in another order than they were asked in.
        body = {"object": "list", "data": data[::-1], "model": request["model"], "usage": {"total_tokens": 1}}
        return 200, json.dumps(body), {"content-type": "application/json"}

    @property
    def texts(self):
        return [text for request in self.requests for text in request["input"]]


@contextmanager
def embeddings_api(dimensions=64):
    """Serve until the block ends."""
    api = EmbeddingsApi(dimensions)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            api.keys.append(self.headers.get("authorization"))
            status, body, headers = api.reply(request) if self.path == "/v1/embeddings" else (404, "{}", {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
