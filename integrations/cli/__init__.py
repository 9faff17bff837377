"""The command line: one file a noun. Heavy imports are made inside the commands, so that help stays instant."""

import sys

import typer

from integrations.cli import approvals, ask, desk, forecasts, mcp_server, memory, memory_life, runs, thesis, tools
from memory.errors import StoaError

app = typer.Typer(
    name="stoa", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="A research desk of agents that keeps a book of investment theses true.",
)  # fmt: skip
desk.register(app)
memory.register(app)
runs.register(app)
ask.register(app)
app.add_typer(thesis.app, name="thesis", help="The thesis book.")
app.add_typer(forecasts.app, name="forecast", help="Forecasts: registered before the fact, resolved by code.")
app.add_typer(approvals.app, name="approvals", help="Changes that wait for a person.")
app.add_typer(runs.app, name="runs", help="Runs: list, show, resume, cancel.")
app.add_typer(tools.app, name="tool", help="The tools of the agents.")
app.add_typer(memory_life.app, name="memory", help="The state of memory, its index and its archive.")
app.add_typer(mcp_server.app, name="mcp", help="The desk over MCP, and the outside servers it uses.")
app.command("score")(forecasts.score)


def main() -> None:
    """Run a command; what goes wrong is one sentence on stderr and an exit code: 1 failed, 2 bad input."""
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
