"""The command line: one file a noun. Heavy imports are made inside the commands, so that help stays instant."""

import gc
import os
import sys

import typer

from integrations.cli import approvals, ask, board, desk, export, forecasts, memory, replay, runs, thesis, tools
from memory.errors import StoaError

app = typer.Typer(
    name="stoa", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A research desk of agents that keeps a book of investment theses true.",
)  # fmt: skip
desk.register(app)
memory.register(app)
runs.register(app)
ask.register(app)
board.register(app)
replay.register(app)
export.register(app)
app.add_typer(thesis.app, name="thesis", help="The thesis book.")
app.add_typer(forecasts.app, name="forecast", help="Forecasts: registered before the fact, resolved by code.")
app.add_typer(approvals.app, name="approvals", help="Changes that wait for a person.")
app.add_typer(runs.app, name="runs", help="Runs: list, show, resume, cancel.")
app.add_typer(tools.app, name="tool", help="The tools of the agents.")
app.command("score")(forecasts.score)


def _start_light() -> None:
    """Leave out what takes a sixth of a small command."""
    # What an import makes stays: a collector that wakes at every 700 objects finds nothing in it, a hundred times over.
    gc.set_threshold(50_000)
    # Stoa has no pydantic plugin; to look for one, pydantic reads the metadata of every package there is.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251 - pydantic's setting, not one of the desk


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
    except KeyboardInterrupt:
        print("stoa: stopped; a run goes on with stoa runs resume", file=sys.stderr)  # noqa: T201 - the command line speaks here
        sys.exit(130)
