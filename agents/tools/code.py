"""Tools that run code."""

from typing import Annotated

from pydantic import BaseModel, Field

from agents.code_runs import Request, run_code
from agents.errors import ToolError
from agents.sandbox import Limits, Sandbox, SandboxResult
from agents.tool import tool
from agents.workbench import Workbench


class CodeResult(BaseModel):
    """How the code ended, and the record that opens it."""

    result: SandboxResult
    record: str


def sandbox_of(workbench: Workbench) -> Sandbox:
    """Where code runs.

    Raises:
        ToolError: nowhere.
    """
    if workbench.sandbox is None:
        raise ToolError("this desk has no sandbox: call the tool with stoa tool call on a desk, or run stoa sandbox doctor")
    return workbench.sandbox


@tool("code.run", effect="run")
def run(
    workbench: Workbench,
    code: Annotated[str, Field(min_length=1, max_length=200_000, description="Python; it runs as __main__")],
    wall_seconds: Annotated[float, Field(gt=0, le=600)] = 60,
) -> CodeResult:
    """Run Python behind walls, for what no tool computes.

    The code reads the desk's data as known at the as-of from ``in/data/*.parquet`` (observations, series, theses) and leaves
    PNG, CSV, Parquet, JSON and text files in ``out/``. It has numpy, pandas, duckdb, pyarrow, matplotlib, scipy and QuantLib; it
    has no network. The same code on the same data is not run twice.
    """
    sandbox = sandbox_of(workbench)
    inputs = workbench.snapshots.at(workbench.as_of) if workbench.snapshots else ()
    limits = Limits(wall_seconds=wall_seconds, cpu_seconds=max(60, wall_seconds))
    done = run_code(workbench.store, sandbox, Request(code, inputs, limits, "developer", workbench.run_id))
    return CodeResult(result=done.result, record=done.record)
