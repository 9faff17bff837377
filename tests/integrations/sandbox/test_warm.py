import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from agents.errors import SandboxRefusedError
from agents.sandbox import MIB, Limits
from integrations.board.events import Now
from integrations.board.pen import Pen
from integrations.cli import serve, worker
from integrations.desk import Desk
from integrations.sandbox.local import LocalSandbox, bubblewrap, landlock
from integrations.sandbox.standing import standing
from integrations.sandbox.warm import LIBRARIES, WarmWorkers, installed
from integrations.terminal import SilentChannel
from memory.errors import InputError
from tests.sandbox_attacks.conftest import BUBBLEWRAP

CHART = """
import duckdb, pandas, matplotlib.pyplot as plt
frame = duckdb.sql("SELECT range AS x, range % 5 AS y FROM range(1000)").df()
plt.plot(frame.groupby("y").x.mean()); plt.savefig("out/chart.png")
"""
MARK = ("colorsys",)
"""A library that nothing loads by itself: who has it was a waiting worker."""
LOADED = "import sys; print('colorsys' in sys.modules)"


@pytest.fixture(params=["bubblewrap", "landlock"])
def make(request):
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip(BUBBLEWRAP)
    return {"bubblewrap": bubblewrap, "landlock": landlock}[request.param]


@pytest.fixture
def warm(make, tmp_path):
    workers = WarmWorkers([make], Limits(), MARK)
    workers.wait()
    yield LocalSandbox(tmp_path / "artifacts", [make], workers), workers
    workers.close()


def test_a_waiting_worker_takes_one_job_and_the_next_one_knows_nothing_of_it(warm):
    sandbox, workers = warm
    code = "open('out/note.txt', 'w').write('left open'); file = open('out/open.txt', 'w'); file.write('flushed'); open('mark', 'w'); sys.modules['left'] = 1"
    first = sandbox.run(f"{LOADED}; {code}", [], Limits())
    assert (first.stdout, first.exit_reason) == ("True\n", "ok")
    assert [(file.name, Path(file.path).read_text()) for file in first.files] == [("note.txt", "left open"), ("open.txt", "flushed")]
    workers.wait()
    second = sandbox.run(f"import os; {LOADED}; print(os.path.exists('mark'), 'left' in sys.modules)", [], Limits())
    assert second.stdout == "True\nFalse False\n"


def test_a_waiting_worker_ends_as_a_fresh_one_does(warm):
    sandbox, workers = warm
    code = "import atexit, sys, threading, time; atexit.register(print, 'at exit'); threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start(); sys.exit('wrong')"
    result = sandbox.run(code, [], Limits())
    assert (result.exit_code, result.stdout, result.stderr) == (1, "thread\nat exit\n", "wrong\n")
    workers.wait()
    failed = sandbox.run("def f():\n    return 1 / 0\nf()", [], Limits())
    assert failed.stderr.startswith("Traceback (most recent call last):\n  File")
    assert 'main.py", line 3, in <module>' in failed.stderr
    assert "stoa worker" not in failed.stderr


def test_a_job_of_another_size_gets_a_worker_of_its_own(warm):
    sandbox, _ = warm
    assert sandbox.run(LOADED, [], Limits(disk_bytes=MIB)).stdout == "False\n"


def test_closing_does_not_wait_for_a_worker_that_still_warms(make, caplog):
    before = children()
    workers = WarmWorkers([make], Limits())
    workers.close()
    assert children() == before
    assert caplog.text == ""


def refusing(limits, input_bytes, preload=None):
    raise SandboxRefusedError("this tier does not stand: mend it")


def test_a_worker_waits_in_the_first_tier_that_stands(tmp_path):
    workers = WarmWorkers([refusing, landlock], Limits(), MARK)
    try:
        workers.wait()
        result = LocalSandbox(tmp_path, [refusing], workers).run(LOADED, [], Limits())
        assert (result.tier, result.stdout) == ("landlock", "True\n")
    finally:
        workers.close()


def test_where_no_tier_stands_the_log_says_so_and_a_run_is_refused(tmp_path, caplog):
    workers = WarmWorkers([refusing], Limits())
    with pytest.raises(SandboxRefusedError):
        workers.wait()
    with pytest.raises(SandboxRefusedError, match="nothing was run"):
        LocalSandbox(tmp_path, [refusing], workers).run("print(1)", [], Limits())
    workers.close()
    assert "no worker waits for the agents' code: nothing was run, because no walls stand here. this tier" in caplog.text


def test_a_library_that_is_not_installed_is_not_waited_for():
    assert installed(("numpy", "no_such_library.part")) == ("numpy",)
    assert installed() == LIBRARIES


def test_an_interrupted_wait_for_a_tier_leaves_no_worker():
    started = []

    class Interrupted:
        def ready(self, timeout):
            raise KeyboardInterrupt

        def close(self):
            started.remove(self)

    def make(limits, input_bytes, preload=None):
        started.append(Interrupted())
        return started[0]

    with pytest.raises(KeyboardInterrupt):
        standing([make], Limits(), 0)
    assert started == []


def children():
    """Pids of this process's children, whichever of its threads, some of which may have ended, started them."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # another process that ended meanwhile
            parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1]
            found |= {name} if parent == str(os.getpid()) else set()
    return found


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "stoa.toml").write_text('[sandbox]\ntier = "landlock"\n[model]\nname = "some-model"\n', encoding="utf-8")
    return tmp_path


def test_a_desk_that_serves_keeps_one_worker_with_every_library_and_lends_it_and_a_short_command_keeps_none(desk):
    before = children()
    with Desk(desk) as short:
        assert short.workers is None
    with Desk(desk) as serving:
        serving.warm_up()
        serving.workers.wait()
        with Desk(desk, workers=serving.workers) as act:
            code = f"import sys; print([name for name in {LIBRARIES} if name not in sys.modules])\n{CHART}"
            result = act.sandbox.run(code, [], Limits())
            assert (result.stdout, [file.name for file in result.files]) == ("[]\n", ["chart.png"])
        serving.workers.wait()
        assert len(children() - before) == 1
    assert children() - before == set()


def test_a_chart_from_a_waiting_worker_is_drawn_once_and_equals_that_of_a_fresh_one_byte_for_byte(make, tmp_path):
    fresh, workers = LocalSandbox(tmp_path, [make]), WarmWorkers([make], Limits())
    workers.wait()
    try:
        code = f"""{CHART}
plt.gcf().canvas.mpl_connect("draw_event", lambda _: print("drawn"))
plt.savefig("out/clear.png", transparent=True, dpi=50); plt.savefig("out/again.png")
"""
        waiting = LocalSandbox(tmp_path, [make], workers).run(code, [], Limits())
    finally:
        workers.close()
    assert waiting.stdout == "drawn\n" * 2
    files = fresh.run(code, [], Limits()).files
    assert [file.name for file in files] == ["again.png", "chart.png", "clear.png"]
    assert waiting.files == files  # each path is the hash of what it holds


@pytest.mark.parametrize("change", ["no model", "no role that runs code"])
def test_no_worker_waits_where_no_agent_can_run_code(desk, change):
    if change == "no model":
        (desk / "stoa.toml").write_text("", encoding="utf-8")
    else:
        (desk / "roles").mkdir()
        with Desk(desk) as opened:
            for role in opened.roles.values():
                words = "\n".join(
                    ["---", f"name: {role.name}", "description: reads", "tools: recall", "persona:", "  name: R", "---", "Read."]
                )
                (desk / "roles" / f"{role.name}.md").write_text(words, encoding="utf-8")
    with Desk(desk) as opened:
        opened.warm_up()
        assert opened.workers is None


def test_a_worker_of_runs_and_the_board_keep_one_waiting(desk):
    found = []
    with Desk(desk) as serving:
        worker.serve_worker(serving, SilentChannel(), lambda: bool(found.append(serving.workers)) or True)
        assert found[0] is not None
    with Desk(desk) as serving:
        with pytest.raises(InputError, match="set STOA_BOARD_TOKEN"):
            serve._board(serving, "203.0.113.1", 0)
        assert serving.workers is not None


def test_what_is_done_on_the_board_gets_the_worker_that_waits(desk):
    with Desk(desk) as serving:
        serving.warm_up()
        pen = Pen(serving, Now())
        assert pen.act("run-1", lambda opened, context: (opened is not serving, opened.workers)) == (True, serving.workers)
        assert serving.workers is not None
        pen.close()
