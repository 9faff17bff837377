"""What every tier owes its callers, whatever its walls are."""

import shutil
import sys
from pathlib import Path

import pytest

from agents.sandbox import Input, Limits
from integrations.sandbox.local import LocalSandbox, bubblewrap, landlock
from integrations.sandbox.oci import container
from memory.errors import InputError
from tests.sandbox_attacks.conftest import BUBBLEWRAP


@pytest.fixture(params=["bubblewrap", "landlock", "oci"])
def sandbox(request, tmp_path):
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip(BUBBLEWRAP)
    engine = tmp_path / "engine"
    engine.write_text(f"#!{sys.executable}\n" + (Path(__file__).parents[1] / "fakes/container_engine.py").read_text(), encoding="utf-8")
    engine.chmod(0o755)
    makers = {"bubblewrap": bubblewrap, "landlock": landlock, "oci": container(str(engine), "runsc", "good")}
    made = LocalSandbox(tmp_path / "artifacts", [makers[request.param]])
    made.tier = request.param
    return made


def test_a_good_run_says_its_tier_its_words_its_files_and_its_use(sandbox, tmp_path):
    given = tmp_path / "x.csv"
    given.write_text("a,b\n1,2\n", encoding="utf-8")
    code = "import sys; t = open('in/x.csv').read(); open('out/y.csv', 'w').write(t); print('完'); print('e', file=sys.stderr)"
    result = sandbox.run(code, [Input("x.csv", given)], Limits())
    assert (result.tier, result.exit_code, result.exit_reason) == (sandbox.tier, 0, "ok")
    assert (result.stdout, result.stderr, result.rejected) == ("完\n", "e\n", ())
    (file,) = result.files
    assert (file.name, file.kind, Path(file.path).read_text(encoding="utf-8")) == ("y.csv", "csv", "a,b\n1,2\n")
    assert result.usage.wall_seconds > 0
    assert result.usage.output_bytes == 6


@pytest.mark.parametrize(("code", "reason", "exit_code"), [
    ("raise SystemExit(3)", "error", 3), ("1/0", "error", 1), ("import os; os.kill(os.getpid(), 11)", "signal", 139), ("def", "error", 1),
    ("while True: print('x' * 1000)", "output", 137), ("import time; time.sleep(60)", "wall", 137),
])  # fmt: skip
def test_a_run_says_how_it_ended(sandbox, code, reason, exit_code):
    result = sandbox.run(code, [], Limits(wall_seconds=1))
    assert (result.exit_reason, result.exit_code) == (reason, exit_code)


def test_what_may_not_come_back_is_named_with_the_reason(sandbox):
    code = "import os; open('out/a.html', 'w').write('x'); os.symlink('/etc/passwd', 'out/b.txt'); os.mkdir('out/c.txt')"
    result = sandbox.run(code, [], Limits())
    assert [name for name, why in result.rejected if why] == ["a.html", "b.txt", "c.txt"]
    assert result.files == ()


def test_an_input_that_cannot_be_used_is_an_error_before_anything_runs(sandbox, tmp_path):
    good = tmp_path / "a.csv"
    good.write_text("x", encoding="utf-8")
    for inputs, word in (
        ([Input("a.csv", tmp_path / "no.csv")], "cannot be read"), ([Input("../a.csv", good)], "cannot be called"),
        ([Input("a.csv", good)] * 2, "two inputs"), ([Input("a.csv", tmp_path)], "no plain file"),
        ([Input(f"{n}.csv", good) for n in range(201)], "at most 200"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=word):
            sandbox.run("print(1)", inputs, Limits())
