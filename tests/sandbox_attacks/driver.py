"""Runs every script in one tier as whoever runs this file, on a host that is full of things to steal, and says what went wrong."""

import contextlib
import ctypes
import functools
import json
import os
import re
import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agents.sandbox import Input, Limits, SandboxResult
from integrations.sandbox.local import LocalSandbox, bubblewrap, landlock

HERE = Path(__file__).parent
MAKERS = {"bubblewrap": [bubblewrap], "landlock": [landlock], "auto": [bubblewrap, landlock]}
_NUMBER_OF_THREADS = 2


class Script:
    """A script and what its head promises: how it ends, what is rejected, its limits."""

    def __init__(self, path: Path) -> None:
        self.path, self.code = path, path.read_text(encoding="utf-8")
        said = dict(re.findall(r"^# (ends|rejected|returns|limits|runs): (.*)$", self.code, re.MULTILINE))
        self.ends = said.get("ends", "ok").split()
        self.rejected = said.get("rejected", "").split()
        self.returns = said.get("returns", "").split()
        self.runs = int(said.get("runs", 1))
        limits = {name: float(value) for name, _, value in (word.partition("=") for word in said.get("limits", "").split())}
        self.limits = Limits(**{"wall_seconds": 20, "memory_bytes": 1 << 30, **limits})


class Host:
    """Secrets, servers and files that no script may reach."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mark = folder, f"mark-{secrets.token_hex(8)}"
        self.reached: list[str] = []
        self._sockets: list[socket.socket] = []
        for name in ("home/.ssh", "open", "desk/.stoa/chroma"):
            (folder / name).mkdir(parents=True)
        (folder / "open").chmod(0o777)
        self.secret, self.victim = folder / "secret.txt", folder / "open" / "victim.txt"
        self.secret.write_text(self.mark, encoding="utf-8")
        self.victim.write_text("untouched", encoding="utf-8")
        self.victim.chmod(0o640)
        os.utime(self.victim, (10**9, 10**9))
        (folder / "home/.ssh/id").write_text(self.mark, encoding="utf-8")
        (folder / "desk/.stoa/desk.db").write_bytes(b"SQLite format 3\0" + self.mark.encode())
        (folder / "prices.csv").write_text("day,price\n2026-01-02,30\n2026-01-03,31\n", encoding="utf-8")
        self.shm = Path(f"/dev/shm/{self.mark}")
        self.shm.write_text(self.mark, encoding="utf-8")
        self.key = int.from_bytes(os.urandom(3), "big") | 1
        self._shared = ctypes.CDLL(None).shmget(self.key, 4096, 0o1666)
        self._servers()

    def _servers(self) -> None:
        tcp = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        path, abstract, datagrams = (
            socket.socket(socket.AF_UNIX, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        path.bind(str(self.folder / "open" / "server.sock"))
        os.chmod(self.folder / "open" / "server.sock", 0o777)
        abstract.bind(f"\0{self.mark}")
        datagrams.bind(f"\0{self.mark}-datagrams")
        for server in (path, abstract):
            server.listen()
        self._sockets = [tcp, udp, path, abstract, datagrams]
        for server in self._sockets:
            server.setblocking(False)
        self.ports = (tcp.getsockname()[1], udp.getsockname()[1])
        facts = {
            "mark": self.mark[::-1], "pid": os.getpid(), "secret": str(self.secret), "home": str(self.folder / "home"), "may_see": [],
            "desk": str(self.folder / "desk"), "repository": str(HERE.parents[1]), "folder": str(self.folder / "open"),
            "victim": str(self.victim), "python": sys.executable, "tcp": self.ports[0], "udp": self.ports[1],
            "unix": str(self.folder / "open" / "server.sock"), "abstract": self.mark, "shm_key": self.key, "shm_name": self.mark,
        }  # fmt: skip
        (self.folder / "host.json").write_text(json.dumps(facts), encoding="utf-8")

    def harm(self) -> list[str]:
        """What was reached or changed."""
        found = []
        for name, server in zip(("tcp", "udp", "unix", "abstract", "datagrams"), self._sockets, strict=True):
            with contextlib.suppress(BlockingIOError):
                server.recv(10) if server.type == socket.SOCK_DGRAM else server.accept()[0].close()
                found.append(f"the host's {name} server was reached")
        state = self.victim.stat() if self.victim.exists() else None
        if state is None or (state.st_size, state.st_mode & 0o7777, int(state.st_mtime)) != (9, 0o640, 10**9):
            found.append("the host's file was changed")
        if sorted(os.listdir(self.folder / "open")) != ["server.sock", "victim.txt"]:
            found.append(f"the host's folder was written to: {os.listdir(self.folder / 'open')}")
        if (self.folder / "open").stat().st_mode & 0o7777 != 0o777 or self.secret.read_text() != self.mark:
            found.append("the host's files were changed")
        return found

    def close(self) -> None:
        for server in self._sockets:
            server.close()
        self.shm.unlink()
        ctypes.CDLL(None).shmctl(self._shared, 0, None)


@contextlib.contextmanager
def host() -> Iterator[Host]:
    with tempfile.TemporaryDirectory(prefix="stoa-host-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        made = Host(Path(folder))
        os.environ["STOA_TEST_SECRET"] = made.mark
        try:
            yield made
        finally:
            made.close()


def problems(script: Script, result: SandboxResult, there: Host) -> list[str]:
    """What a result shows that it should not, or does not show that it should."""
    found = [line for line in result.stdout.splitlines() if line.startswith("ESCAPED")]
    if result.exit_reason not in script.ends:
        found.append(f"ended with {result.exit_reason} ({result.exit_code}), not {script.ends}: {result.stderr[-300:]}")
    shown = result.stdout + result.stderr + "".join(Path(file.path).read_bytes().decode(errors="replace") for file in result.files)
    if there.mark in shown:
        found.append("a secret came out")
    if "\x1b" in (said := result.stdout + result.stderr) or "\u202e" in said:
        found.append("terminal codes came out")
    names = {name for name, _ in result.rejected}
    if missing := set(script.rejected) - names:
        found.append(f"not rejected: {sorted(missing)}; rejected: {result.rejected}")
    returned = {file.name for file in result.files}
    if missing := set(script.returns) - returned:
        found.append(f"did not come back: {sorted(missing)}; rejected: {result.rejected}")
    if result.stdout.count("Traceback") or ("Traceback" in result.stderr and script.ends == ["ok"]):
        found.append(f"it broke: {result.stderr[-400:]}")
    return found


def run_all(tier: str, scripts: list[Script], makers: list | None = None) -> dict[str, dict]:
    """Every script in one tier; what it ended with and what is wrong, by name."""
    answers: dict[str, dict] = {}
    with host() as there, tempfile.TemporaryDirectory() as store:
        sandbox = LocalSandbox(Path(store), makers or MAKERS[tier])
        support = [
            Input("host.json", there.folder / "host.json"),
            Input("prices.csv", there.folder / "prices.csv"),
            Input("attack.py", HERE / "attack.py"),
        ]
        lock = threading.Lock()

        def one(script: Script) -> None:
            wrong: list[str] = []
            for _ in range(script.runs):
                result = sandbox.run(script.code, support, script.limits)
                wrong += problems(script, result, there)
            with lock:
                wrong += there.harm()
                answers[script.path.stem] = {
                    "problems": wrong,
                    "tier": result.tier,
                    "reason": result.exit_reason,
                    "usage": result.usage.model_dump(),
                }

        with ThreadPoolExecutor(_NUMBER_OF_THREADS) as pool:
            list(pool.map(one, scripts))
    return answers


def scripts(folder: str) -> list[Script]:
    return [Script(path) for path in sorted((HERE / folder).glob("*.py"))]


def without_namespaces() -> None:
    """What a container does: no new namespaces, no mounts, and no way back."""
    from integrations.sandbox.inside.walls import filter_calls
    from integrations.sandbox.seccomp import COMMON, compile_filter
    from integrations.sandbox.syscalls import this_machine

    rules = [rule for rule in COMMON if rule.wall in ("namespaces", "mounts")]
    filter_calls(compile_filter(rules, this_machine()))


def makers_without(tier: str, walls: list[str]) -> list:
    """The tier with some of its walls taken away: only here, to see that they were what held."""
    from integrations.sandbox.bubblewrap import BubblewrapCell
    from integrations.sandbox.landlock import LandlockCell

    older = functools.partial(LandlockCell, version=5)
    cell = {"bubblewrap": BubblewrapCell, "landlock": LandlockCell, "older": older}[tier]
    return [lambda limits, size, preload=None: cell(limits, size, preload=preload, without=frozenset(walls))]


def breaches(cases: list[list]) -> list[list[str]]:
    """What each script does when walls are taken away: tier, script, walls a case."""
    return [
        run_all(tier, [Script(HERE / "attacks" / f"{script}.py")], makers_without(tier, walls))[script]["problems"]
        for tier, script, walls in cases
    ]


BY_SIGNALS = (
    "process_signal_host process_signal_keeper process_signal_by_another process_pidfd orphan_daemon orphan_new_groups bomb_fork "
    "process_limits_of_others"
)
STOPPING = "multiprocessing_pool process_pool_executor stopped_children"


def older(version: int) -> dict[str, list[str]]:
    """What a kernel with an older Landlock would contain, of that which the newer one holds by bounding signals; and who stops children."""
    from integrations.sandbox.landlock import LandlockCell

    chosen = [
        *(Script(HERE / "attacks" / f"{name}.py") for name in BY_SIGNALS.split()),
        *(Script(HERE / "honest" / f"{name}.py") for name in STOPPING.split()),
    ]
    found = run_all("landlock", chosen, [lambda limits, size, preload=None: LandlockCell(limits, size, preload=preload, version=version)])
    return {name: answer["problems"] for name, answer in found.items()}


def main() -> None:
    tier, *words = sys.argv[1:]
    if tier == "older":
        json.dump(older(int(words[0])), sys.stdout)
        return
    if tier == "breaches":
        json.dump(breaches(json.loads(words[0])), sys.stdout)
        return
    if "container" in words:
        without_namespaces()
    chosen = {folder: scripts(folder) for folder in ("attacks", "honest")}
    if "few" in words:
        chosen = {folder: found[::6] for folder, found in chosen.items()}
    answers = run_all(tier, [script for given in chosen.values() for script in given])
    found = {folder: {script.path.stem: answers[script.path.stem] for script in given} for folder, given in chosen.items()}
    left = [
        name
        for name in os.listdir(tempfile.gettempdir())
        if name.startswith("stoa-run-") and os.stat(f"{tempfile.gettempdir()}/{name}").st_uid == os.geteuid()
    ]
    json.dump({"found": found, "left": left, "uid": os.geteuid()}, sys.stdout)


if __name__ == "__main__":
    main()
