"""Forks ``stoa`` commands from a process that has imported what they need: ``python -m tests.command_server SOCKET``.

A command is the real ``main`` in a process and a session of its own. Only the two seconds of imports are shared.
"""

import atexit
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback

NEEDED = (
    "agents.playbook", "agents.roles", "agents.skills", "agents.tools.chart", "agents.tools.code", "agents.tools.data",
    "agents.tools.memory", "agents.tools.quant", "agents.tools.quant_company", "agents.tools.quant_risk", "agents.tools.skill",
    "agents.tools.thesis", "agents.tools.verdicts", "alembic.command", "chromadb.api.rust", "duckdb", "fontTools.subset",
    "integrations.board.serve", "integrations.cli", "integrations.desk", "integrations.doctor", "integrations.indexing",
    "integrations.library", "integrations.models.client", "integrations.new_desk", "integrations.report", "integrations.report.painter",
    "integrations.sandbox.local", "integrations.sandbox.warm", "integrations.slack.app", "integrations.terminal",
    "integrations.vector_channel", "jinja2", "langgraph.checkpoint.sqlite", "markdown_it", "matplotlib.backends.backend_svg", "memory.quality.desk",
    "orchestrator.conversation", "orchestrator.procrastinate_queue", "orchestrator.research", "orchestrator.runs", "pandas",
    "pyarrow.parquet", "slack_bolt.async_app", "snowballstemmer",
)  # fmt: skip


def serve(address: str) -> None:
    """Until standard input ends, which it does with whoever started this."""
    for name in NEEDED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)  # noqa: T201 - to who started it
        while 0 not in (ready := select.select([listener, 0], [], [])[0]):
            assert ready
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    mind(connection)
                    return


def mind(connection: socket.socket) -> None:
    """Fork one command, say its process id and, when it has ended, how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, fds, _, _ = socket.recv_fds(connection, 1 << 16, 2)
    while not message.endswith(b"\n"):
        message += connection.recv(1 << 16)
    asked = json.loads(message)
    pid = os.fork()
    if pid == 0:
        become(asked, fds)
    connection.sendall(pid.to_bytes(8, "little"))
    _, status = os.waitpid(pid, 0)
    connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "little", signed=True))
    os._exit(0)


def become(asked: dict, fds: list[int]) -> None:
    """Turn this process into the command; it ends as any Python process does."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (fds[0], 1), (fds[1], 2)):
        os.dup2(source, target)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["stoa", *asked["words"]]
    sys.modules["__main__"].__package__ = None  # the program is called by its first word, not by this module
    from integrations.cli import main

    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as an interpreter does at its top
        traceback.print_exc()
        code = 1
    # All that an interpreter does at its end but one thing: to free, in a second, what the kernel frees at once.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
