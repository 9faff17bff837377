"""The command line: one file a noun. Heavy imports are made inside the commands, so that help stays instant."""

import atexit
import gc
import os
import sys

import typer

from integrations.cli import (
    approvals,
    ask,
    data,
    desk,
    export,
    forecasts,
    mcp_server,
    memory,
    memory_life,
    moving,
    permissions,
    replay,
    runs,
    sandbox,
    schedule,
    serve,
    thesis,
    tools,
)
from memory.errors import StoaError

app = typer.Typer(
    name="stoa", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A research desk of agents that keeps a book of investment theses true.",
)  # fmt: skip
desk.register(app)
memory.register(app)
runs.register(app)
ask.register(app)
serve.register(app)
replay.register(app)
export.register(app)
app.add_typer(thesis.app, name="thesis", help="The thesis book.")
app.add_typer(data.app, name="data", help="Market data: pull, list, show, check, diff, chart.")
app.add_typer(forecasts.app, name="forecast", help="Forecasts: registered before the fact, resolved by code.")
app.add_typer(approvals.app, name="approvals", help="Changes that wait for a person.")
app.add_typer(runs.app, name="runs", help="Runs: list, show, pause, resume, retry, cancel.")
app.add_typer(moving.app, name="desk", help="Where the desk keeps what it knows.")
app.add_typer(permissions.app, name="permissions", help="What agents may do with tools, and what waits for a person.")
app.add_typer(schedule.app, name="schedule", help="Runs by themselves: by the clock, a market, a dated event, or data.")
app.add_typer(tools.app, name="tool", help="The tools of the agents.")
app.add_typer(sandbox.app, name="sandbox", help="Code behind walls: run a file, check the walls.")
app.add_typer(memory_life.app, name="memory", help="The state of memory, its index and its archive.")
app.add_typer(mcp_server.app, name="mcp", help="The desk over MCP, and the outside servers it uses.")
app.command("score")(forecasts.score)


def _start_light() -> None:
    """Leave out what takes a third of a small command."""
    # What an import makes stays: a collector that wakes at every 700 objects finds nothing in it, a hundred times over.
    gc.set_threshold(50_000)
    atexit.register(_end_light)
    # Stoa has no pydantic plugin; to look for one, pydantic reads the metadata of every package there is.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251 - pydantic's setting, not one of the desk


def _end_light() -> None:
    """At its end the interpreter looks through all there is for what to free, which the system frees at once."""
    if "_duckdb" not in sys.modules:  # whose bindings take what is not freed for a leak, and say so
        gc.freeze()


def main() -> None:
    """Run a command; what goes wrong is one sentence on stderr and an exit code: 1 failed, 2 bad input."""
    _start_light()
    try:
        app()
    except StoaError as error:
        print(f"stoa: {error}", file=sys.stderr)  # noqa: T201 - the command line speaks here
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        print(f"stoa: a file could not be used ({error}): check its place and the space on the disk", file=sys.stderr)  # noqa: T201 - as above
        sys.exit(1)
    except KeyboardInterrupt:
        print("stoa: stopped; a run goes on with stoa runs resume", file=sys.stderr)  # noqa: T201 - the command line speaks here
        sys.exit(130)
