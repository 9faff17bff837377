"""The board: pages over the desk, rendered by the server, live, and with nothing loaded from outside."""
