import shutil

import pytest

from agents.sandbox import MIB, Limits
from integrations.sandbox.local import LocalSandbox, bubblewrap, landlock
from integrations.sandbox.warm import WarmWorkers
from tests.sandbox_attacks.conftest import BUBBLEWRAP

CHART = """
import sys
loaded = "pandas" in sys.modules
import duckdb, pandas, matplotlib.pyplot as plt
frame = duckdb.sql("SELECT range AS x, range % 5 AS y FROM range(1000)").df()
plt.plot(frame.groupby("y").x.mean()); plt.savefig("out/chart.png")
open("out/note.txt", "w").write("left open")
file = open("out/open.txt", "w"); file.write("flushed")
print("loaded" if loaded else "cold")
"""


@pytest.fixture(params=["bubblewrap", "landlock"])
def warm(request, tmp_path):
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip(BUBBLEWRAP)
    make = {"bubblewrap": bubblewrap, "landlock": landlock}[request.param]
    workers = WarmWorkers(make, Limits())
    sandbox = LocalSandbox(tmp_path / "artifacts", [make], workers)
    workers.wait()
    yield sandbox, workers
    sandbox.close()


def test_a_waiting_worker_takes_one_job_and_the_next_one_knows_nothing_of_it(warm):
    sandbox, workers = warm
    first = sandbox.run(CHART + "open('mark', 'w').close(); sys.modules['left'] = 1", [], Limits())
    assert (first.stdout, first.exit_reason) == ("loaded\n", "ok")
    assert [(file.name, file.kind) for file in first.files] == [("chart.png", "png"), ("note.txt", "text"), ("open.txt", "text")]
    workers.wait()
    second = sandbox.run("import os, sys; print(os.path.exists('mark'), 'left' in sys.modules, 'pandas' in sys.modules)", [], Limits())
    assert second.stdout == "False False True\n"


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
    assert sandbox.run("import sys; print('pandas' in sys.modules)", [], Limits(disk_bytes=MIB)).stdout == "False\n"
