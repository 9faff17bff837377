"""Limits and endings of the two Linux tiers."""

import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

import pytest

from agents.errors import SandboxRefusedError
from agents.sandbox import MIB, Limits
from integrations.sandbox.landlock import LandlockCell
from integrations.sandbox.local import LocalSandbox, bubblewrap, landlock, tiers
from integrations.sandbox.seatbelt import SeatbeltCell, profile
from integrations.settings import SandboxSettings
from tests.commands import environment
from tests.sandbox_attacks.conftest import BUBBLEWRAP

ROOT = Path(__file__).parents[3]
MAKERS = {"bubblewrap": bubblewrap, "landlock": landlock}


@pytest.fixture(params=list(MAKERS))
def tier(request):
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip(BUBBLEWRAP)
    return request.param


@pytest.fixture
def sandbox(tier, tmp_path):
    return LocalSandbox(tmp_path / "artifacts", [MAKERS[tier]])


CASES = {
    "wall": ("import time; time.sleep(0.5)", {"wall_seconds": 0.2}, {"wall_seconds": 20}),
    "cpu": ("import time\nwhile time.process_time() < 0.5: pass", {"cpu_seconds": 0.2}, {"cpu_seconds": 20}),
    "memory": ("x = bytearray(150_000_000); import time; time.sleep(0.1)", {"memory_bytes": 100 * MIB}, {"memory_bytes": 400 * MIB}),
    "processes": ("import os, time\nfor _ in range(6): os.fork() or (time.sleep(0.2), os._exit(0))\ntime.sleep(0.1)", {"processes": 4}, {}),
    "disk": ("open('x', 'wb').write(bytes(3_000_000)); import time; time.sleep(0.1)", {"disk_bytes": 2 * MIB}, {"disk_bytes": 8 * MIB}),
    "files": ("for n in range(60): open(str(n), 'w')\nimport time; time.sleep(0.1)", {"files": 50}, {"files": 200}),
    "output": ("print('x' * 4000)", {"output_bytes": 2000}, {"output_bytes": 8000}),
}


@pytest.mark.parametrize("reason", CASES)
def test_a_limit_stops_who_passes_it_and_nobody_else(sandbox, reason):
    code, tight, loose = CASES[reason]
    assert sandbox.run(code, [], Limits(**tight)).exit_reason == reason
    assert sandbox.run(code, [], Limits(**loose)).exit_reason == "ok"


def test_shared_pages_of_a_family_count_once(sandbox):
    code = "import os, time\nx = bytearray(os.urandom(1000) * 60_000)\nfor _ in range(5): os.fork() or (time.sleep(0.3), os._exit(0))\ntime.sleep(0.2)"
    result = sandbox.run(code, [], Limits(memory_bytes=200 * MIB))
    assert result.exit_reason == "ok"
    assert result.usage.memory_bytes < 200 * MIB


SUPERVISED = """
import sys, tempfile
from pathlib import Path
from agents.sandbox import Limits
from integrations.sandbox.local import LocalSandbox, {tier}
print("begun", flush=True)
code = "import os, time; os.fork(); os.setsid() if os.getppid() < 3 else 0; print('up'); time.sleep(60)"
LocalSandbox(Path(tempfile.gettempdir()), [{tier}]).run(code, [], Limits(wall_seconds=60))
"""


def descendants(pid):
    found, parents = set(), {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(name)] = int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    grown = {pid}
    while grown:
        found |= grown
        grown = {child for child, parent in parents.items() if parent in found} - found
    return found - {pid}


def wait_until(holds):
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        select.select([], [], [], 0.02)
    return holds()


def test_when_the_supervisor_is_killed_nobody_lives_on(tier, tmp_path):
    shared = Path("/var/tmp") if os.geteuid() == 0 else tmp_path
    before = set(shared.glob("stoa-run-*"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(shared)}
    process = subprocess.Popen([sys.executable, "-c", SUPERVISED.format(tier=tier)], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"begun\n"
        assert wait_until(lambda: len(descendants(process.pid)) >= (3 if tier == "landlock" else 4))
        family = descendants(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(5)
        process.stdout.close()

    def gone():
        return not any(Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in status(pid) for pid in family)

    def status(pid):
        try:
            return Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return "\nState:\tZ"

    assert wait_until(gone)
    assert wait_until(lambda: set(shared.glob("stoa-run-*")) <= before)


def test_without_bubblewrap_the_next_tier_runs_and_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert LocalSandbox(tmp_path, tiers(SandboxSettings())).run("print(1)", [], Limits()).tier == "landlock"


def test_where_no_walls_stand_nothing_runs_and_every_mend_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")

    def old_kernel(limits, size, preload=None):
        return LandlockCell(limits, size, version=2)

    marker = tmp_path / "ran"
    with pytest.raises(SandboxRefusedError, match=r"apt-get install bubblewrap.*kernel 6\.2") as refused:
        LocalSandbox(tmp_path, [bubblewrap, old_kernel]).run(f"open({str(marker)!r}, 'w')", [], Limits())
    assert "nothing was run" in str(refused.value)
    assert not marker.exists()


def test_a_tier_that_is_set_is_never_replaced_by_another(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    for tier in ("bubblewrap", "oci"):
        with pytest.raises(SandboxRefusedError):
            LocalSandbox(tmp_path, tiers(SandboxSettings(tier=tier))).run("print(1)", [], Limits())


@pytest.mark.skipif(sys.platform == "darwin", reason="this is about the other systems")
def test_the_tier_of_macos_refuses_elsewhere_and_its_profile_denies_first():
    with pytest.raises(SandboxRefusedError, match="sandbox-exec"):
        SeatbeltCell(Limits())
    lines = profile('/tmp/a "b"').splitlines()
    assert lines[1] == "(deny default)"
    assert '(allow file-read* file-write* (subpath "/tmp/a \\"b\\""))' in lines
    assert "(deny network*)" in lines


def test_nothing_is_left_open_or_lying_about(sandbox):
    def state():
        return (
            len(os.listdir("/proc/self/fd")),
            len(Path("/proc/self/mountinfo").read_text().splitlines()),
            len(list(Path("/tmp").glob("stoa-run-*"))),
        )

    sandbox.run("print(1)", [], Limits())
    before = state()
    for code in ("print(1)", "1/0", "import os; os.fork()"):
        sandbox.run(code, [], Limits())
    assert state()[:2] == before[:2]


def test_an_interpreter_that_lies_below_tmp_is_there_for_the_code():
    """As when somebody clones the project into /tmp to look at it: the code's own /tmp covers that of the machine."""
    if shutil.which("bwrap") is None:
        pytest.skip(BUBBLEWRAP)
    code = (
        "from pathlib import Path\nfrom agents.sandbox import Limits\nfrom integrations.sandbox.local import LocalSandbox, bubblewrap\n"
        "done = LocalSandbox(Path({store!r}), [bubblewrap]).run('print(1)', [], Limits())\nprint(done.tier, done.stdout)"
    )
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        venv.create(folder, symlinks=True)
        ours, theirs = sysconfig.get_path("purelib"), sysconfig.get_path("purelib", vars={"base": folder})
        Path(theirs, "ours.pth").write_text(f"{ours}\n{ROOT}\n", encoding="utf-8")
        command = [f"{folder}/bin/python", "-c", code.format(store=f"{folder}/kept")]
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=60, check=True)
    assert done.stdout.split() == ["bubblewrap", "1"]
