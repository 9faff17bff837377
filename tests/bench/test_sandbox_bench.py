"""What the walls cost, and how close to its limits a run is stopped."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.sandbox import MIB, Limits
from integrations.sandbox.local import LocalSandbox, bubblewrap, landlock
from integrations.sandbox.warm import WarmWorkers
from tests.sandbox_attacks.conftest import BUBBLEWRAP

MAKERS = {"bubblewrap": bubblewrap, "landlock": landlock}
CHART = """
import duckdb, pandas, matplotlib.pyplot as plt
duckdb.sql("COPY (SELECT range AS x, range % 12 AS month FROM range(100000)) TO 'own.parquet'")
frame = duckdb.sql("SELECT month, avg(x) AS mean FROM 'own.parquet' GROUP BY month ORDER BY month").df()
plt.plot(frame["month"], frame["mean"])
plt.savefig("out/chart.png")
"""


@pytest.fixture(params=list(MAKERS))
def maker(request):
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip(BUBBLEWRAP)
    return MAKERS[request.param]


def fastest(action, rounds):
    best = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - begun)
    return best


def test_a_cold_trivial_run_costs_little_more_than_the_interpreter(benchmark, maker, tmp_path):
    sandbox = LocalSandbox(tmp_path, [maker])
    sandbox.run("print(1)", [], Limits())
    bare = fastest(lambda: subprocess.run([sys.executable, "-c", "print(1)"], check=True, capture_output=True), 20)
    benchmark.pedantic(lambda: sandbox.run("print(1)", [], Limits()), rounds=30, warmup_rounds=2)
    over = benchmark.stats.stats.min - bare
    benchmark.extra_info |= {"bare_ms": round(bare * 1000, 1), "over_bare_ms": round(over * 1000, 1)}
    assert over < 0.030


BARE = """
import os, time
os.makedirs("out")
best = 9.0
for _ in range(6):
    began = time.perf_counter()
    exec(CHART)
    best = min(best, time.perf_counter() - began)
    plt.close("all")
print(best)
"""


def bare(folder):
    """The same chart without walls, in ms: by one process again and again, the least, and by a new one that has to load it all."""

    def run(code):
        environment = {**os.environ, "MPLBACKEND": "agg"}
        return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True, capture_output=True).stdout

    warm = float(run(f"CHART = {CHART!r}\n{BARE}"))
    begun = time.perf_counter()
    run(CHART)
    return {"bare_and_warm_ms": round(warm * 1000, 1), "bare_and_cold_ms": round((time.perf_counter() - begun) * 1000)}


def test_a_chart_from_a_waiting_worker_is_quick(benchmark, maker, tmp_path):
    workers = WarmWorkers([maker], Limits())
    sandbox = LocalSandbox(tmp_path, [maker], workers)
    try:
        result = benchmark.pedantic(lambda: sandbox.run(CHART, [], Limits()), setup=workers.wait, rounds=8, warmup_rounds=1)
    finally:
        workers.close()
    benchmark.extra_info |= bare(tmp_path)
    assert [file.kind for file in result.files] == ["png"]
    assert benchmark.stats.stats.min < 0.120


def test_two_hundred_runs_leave_nothing_behind(benchmark, maker, tmp_path):
    sandbox = LocalSandbox(tmp_path / "artifacts", [maker])
    sandbox.run("print(0)", [], Limits())

    def state():
        folders = [path for path in Path("/tmp").glob("stoa-run-*") if path.stat().st_uid >= 61_184 or os.geteuid() != 0]
        children = [
            name for name in filter(str.isdigit, os.listdir("/proc"))
            if Path(f"/proc/{name}/stat").exists() and Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid())
        ]  # fmt: skip
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").count("\n")
        return len(os.listdir("/proc/self/fd")), len(folders), len(children), mounts

    before = state()
    benchmark.pedantic(lambda: sandbox.run("open('x', 'w').write('x')", [], Limits()), rounds=200)
    assert state() == before
    assert not (tmp_path / "artifacts").exists()


def test_memory_is_stopped_close_to_its_limit(benchmark, maker, tmp_path):
    code = (
        "import mmap\na = mmap.mmap(-1, 3_000_000_000)\na.write(bytes(3_000_000_000 // 4096))\nfor at in range(0, len(a), 4096): a[at] = 1"
    )
    limits = Limits(memory_bytes=1024 * MIB)
    result = benchmark.pedantic(lambda: LocalSandbox(tmp_path, [maker]).run(code, [], limits), rounds=1)
    benchmark.extra_info["stopped_at_mib"] = result.usage.memory_bytes // MIB
    assert result.exit_reason == "memory"
    assert result.usage.memory_bytes < 1.2 * 1024 * MIB


def test_disk_is_stopped_close_to_its_limit(benchmark, maker, tmp_path):
    code = "f = open('big', 'wb', buffering=0)\nb = bytes(1 << 20)\nwhile True: f.write(b)"
    result = benchmark.pedantic(lambda: LocalSandbox(tmp_path, [maker]).run(code, [], Limits(disk_bytes=512 * MIB)), rounds=1)
    benchmark.extra_info["stopped_at_mib"] = result.usage.disk_bytes // MIB
    assert result.exit_reason == "disk"
    assert result.usage.disk_bytes < 540 * MIB


def test_a_flood_of_output_is_stopped_at_once(benchmark, maker, tmp_path):
    result = benchmark.pedantic(lambda: LocalSandbox(tmp_path, [maker]).run("while True: print('x' * 1000)", [], Limits()), rounds=1)
    benchmark.extra_info["stopped_after_ms"] = round(result.usage.wall_seconds * 1000)
    assert result.exit_reason == "output"
    assert result.usage.wall_seconds < 0.1
