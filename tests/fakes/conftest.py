"""Clients of the real SDK for a loopback server; they never try again, so that a test sees each attempt."""

from contextlib import contextmanager

ASK = {"model": "claude-opus-4-5", "max_tokens": 1000, "messages": [{"role": "user", "content": "What does it cost?"}]}


@contextmanager
def client_of(server, **options):
    import anthropic

    # The certificates of the machine take 70 ms to load and plain HTTP needs none.
    http = anthropic.DefaultHttpxClient(verify=False)
    with anthropic.Anthropic(
        **{"base_url": server.url, "api_key": "key-for-tests", "max_retries": 0, "timeout": 5.0, "http_client": http, **options}
    ) as client:
        yield client


@contextmanager
def served(*given, options=None, **settings):
    """A server and a client for it."""
    from tests.fakes.messages_api import MessagesServer

    with MessagesServer(*given, **settings) as server, client_of(server, **(options or {})) as client:
        yield server, client


def streamed(client, **changes):
    with client.messages.stream(**{**ASK, **changes}) as stream:
        for _ in stream:
            pass
        return stream.get_final_message()
