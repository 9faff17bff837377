import hashlib

import pytest

from agents.code_runs import Request, run_code
from agents.errors import ToolError
from agents.sandbox import Input, Limits, SandboxFile, SandboxResult
from agents.tool import call
from agents.workbench import Workbench
from memory.records import Kind, Relation


class KeptSandbox:
    """Counts runs; answers with one file."""

    def __init__(self, folder, reason="ok"):
        self.folder, self.reason, self.runs = folder, reason, []

    def run(self, code, inputs, limits):
        self.runs.append((code, [item.name for item in inputs]))
        path = self.folder / f"{len(self.runs)}.png"
        path.write_bytes(code.encode())
        return SandboxResult(
            tier="landlock", exit_code=0 if self.reason == "ok" else 1, exit_reason=self.reason, stdout="42\n",
            files=(SandboxFile(name="chart.png", kind="png", path=str(path)),),
        )  # fmt: skip


def request(code="print(42)", inputs=(), **more):
    return Request(code, inputs, Limits(), **more)


def test_the_same_code_on_the_same_inputs_is_not_run_twice(store, tmp_path):
    sandbox, data = KeptSandbox(tmp_path), tmp_path / "x.csv"
    data.write_text("1")
    first = run_code(store, sandbox, request(inputs=[Input("x.csv", data)]))
    again = run_code(store, sandbox, request(inputs=[Input("x.csv", data)]))
    assert len(sandbox.runs) == 1
    assert again.record == first.record
    assert again.result.usage.reused
    assert again.result.model_copy(update={"usage": first.result.usage}) == first.result
    data.write_text("2")
    assert not run_code(store, sandbox, request(inputs=[Input("x.csv", data)])).result.usage.reused
    assert not run_code(store, sandbox, request("print(43)", [Input("x.csv", data)])).result.usage.reused
    assert not run_code(store, sandbox, request(inputs=[Input("y.csv", data)])).result.usage.reused
    assert len(sandbox.runs) == 4


def test_a_result_whose_files_are_gone_or_of_another_tier_is_made_anew(store, tmp_path):
    sandbox = KeptSandbox(tmp_path)
    run_code(store, sandbox, request())
    assert not run_code(store, sandbox, request(tier="bubblewrap")).result.usage.reused
    for path in tmp_path.glob("*.png"):
        path.unlink()
    assert not run_code(store, sandbox, request()).result.usage.reused


def test_a_figure_opens_the_code_that_made_it(store, tmp_path):
    done = run_code(store, KeptSandbox(tmp_path), request("print('π')", author_role="developer", run_id="r1"))
    made = store.get(done.record)
    assert made.body == "print('π')"
    assert made.content_hash == hashlib.sha256("print('π')".encode()).hexdigest()
    (figure,) = store.find(parent_id=made.id)
    assert (figure.kind, figure.title, figure.author_role, figure.run_id) == (Kind.FIGURE, "chart.png", "developer", "r1")
    assert figure.data["code_sha256"] == made.content_hash
    assert (figure.id, Relation.DERIVED_FROM, made.id) in [(link.source, link.relation, link.target) for link in store.links_of(figure.id)]


def test_code_that_failed_is_not_remembered(store, tmp_path):
    sandbox = KeptSandbox(tmp_path, "error")
    assert run_code(store, sandbox, request()).record == ""
    run_code(store, sandbox, request())
    assert len(sandbox.runs) == 2
    assert store.count() == 0


def test_the_tool_runs_code_on_the_snapshot_of_the_as_of(store, book, clock, tmp_path):
    data = tmp_path / "observations.parquet"
    data.write_bytes(b"x")

    class Snapshots:
        def at(self, as_of):
            self.asked = as_of
            return [Input("data/observations.parquet", data)]

    sandbox, snapshots, now = KeptSandbox(tmp_path), Snapshots(), clock()
    bench = Workbench(store, book, None, None, None, now, sandbox=sandbox, snapshots=snapshots)
    answer = call("code.run", {"code": "print(42)"}, bench)
    assert (answer.result.stdout, snapshots.asked) == ("42\n", now)
    assert sandbox.runs == [("print(42)", ["data/observations.parquet"])]
    with pytest.raises(ToolError, match="no sandbox"):
        call("code.run", {"code": "print(42)"}, Workbench(store, book, None, None, None, now))
