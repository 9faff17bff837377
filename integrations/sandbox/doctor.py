"""Self-check of the sandbox: every wall of every tier is tried, from inside, and what does not stand comes with its mend."""

import json
import os
import secrets
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from agents.errors import SandboxRefusedError
from agents.sandbox import MIB, Input, Limits, SandboxResult
from integrations.sandbox import program
from integrations.sandbox.local import LocalSandbox, tiers
from integrations.sandbox.probe import LIMITS, PROBE
from integrations.sandbox.standing import MakeCell
from integrations.sandbox.syscalls import number, this_machine
from integrations.settings import SandboxSettings

NEW_USER = 0x10000000
_CALLS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("ptrace", "ptrace", (0, 0, 0, 0)), ("keyring", "keyctl", (0, -3, 0)), ("userfaultfd", "userfaultfd", (1,)),
    ("io_uring", "io_uring_setup", (1, 0)), ("perf", "perf_event_open", (0, 0, -1, -1, 0)), ("memfd", "memfd_create", (0, 0)),
    ("namespaces", "unshare", (NEW_USER,)), ("mounts", "fsopen", (0, 0)), ("file handles", "open_by_handle_at", (-1, 0, 0)),
    ("bpf", "bpf", (0, 0, 0)), ("terminal", "ioctl", (0, 0x5412, 0)),
)  # fmt: skip
_TIGHT = Limits(wall_seconds=1, cpu_seconds=60, memory_bytes=128 * MIB, processes=16, disk_bytes=4 * MIB, files=64, output_bytes=64 * 1024)
_BROKEN = "do not run agents' code here; send this table to those who make Stoa"


class Check(NamedTuple):
    """One line: a wall of a tier, whether it stands, and the mend where it does not."""

    tier: str
    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    mend: str = ""


def checks(settings: SandboxSettings) -> list[Check]:
    """Every check. The first tier that stands is used; those before it are warnings with their mend."""
    found: list[Check] = []
    standing = 0
    for make in tiers(settings):
        name = str(getattr(make, "__name__", "oci"))
        with tempfile.TemporaryDirectory(prefix="stoa-doctor-") as folder:
            try:
                lines = _tier(name, make, Path(folder))
            except SandboxRefusedError as error:
                what, _, mend = str(error).removeprefix("nothing was run, because no walls stand here. ").partition(": ")
                found.append(Check(name, "tier", "warn", what, mend.removesuffix(". See stoa sandbox doctor")))
                continue
        standing += 1
        found += [Check(name, "tier", "ok", "stands" if standing > 1 else "stands, and is used"), *lines]
    if not standing:
        found.append(Check("", "any tier", "fail", "no walls stand here: agents' code is refused", "mend one of the tiers above"))
    return found


def _tier(name: str, make: MakeCell, folder: Path) -> list[Check]:
    sandbox = LocalSandbox(folder / "artifacts", [make])
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = folder / "probe.json"
        secret = folder / "secret"
        secret.write_text(secrets.token_hex(), encoding="utf-8")
        machine = this_machine()
        calls = [[label, number(call, machine), list(values)] for label, call, values in _CALLS]
        given.write_text(
            json.dumps(
                {
                    "port": server.getsockname()[1],
                    "secret": str(secret), "home": str(Path.home()), "variables": [*program.environment("", ""), "PWD", "LC_CTYPE"],
                    "interpreter": program.library_paths()[-1], "on_the_way": _on_the_way(Path.home()), "pid": os.getpid(), "calls": calls,
                }
            ),
            encoding="utf-8",
        )  # fmt: skip
        result = sandbox.run(PROBE, [Input("probe.json", given)], Limits(wall_seconds=20))
    return [*_walls(name, result), *_limits(name, sandbox)]


def _on_the_way(home: Path) -> list[str]:
    """Names in the home through which the interpreter is reached: seen, but with nothing else in them."""
    return [Path(root).relative_to(home).parts[0] for root in program.interpreter_roots() if Path(root).is_relative_to(home)]


def _walls(tier: str, result: SandboxResult) -> list[Check]:
    file = next((file for file in result.files if file.name == "found.json"), None)
    if file is None:
        return [Check(tier, "probe", "fail", f"it ended with {result.exit_reason}: {result.stderr.strip()[-200:]}", _BROKEN)]
    answers: dict[str, Sequence[str]] = json.loads(Path(file.path).read_text(encoding="utf-8"))
    return [
        Check(tier, name, "ok", f"holds ({why})" if why else "holds") if state == "held" else Check(tier, name, "fail", why, _BROKEN)
        for name, (state, why) in answers.items()
    ]


def _limits(tier: str, sandbox: LocalSandbox) -> list[Check]:
    found = []
    for name, code in LIMITS.items():
        limits = _TIGHT.model_copy(update={"cpu_seconds": 0.3, "wall_seconds": 10}) if name == "cpu" else _TIGHT
        limits = limits if name in ("wall", "cpu") else limits.model_copy(update={"wall_seconds": 10})
        result = sandbox.run(code, [], limits)
        held = result.exit_reason == name
        said = f"stopped after {result.usage.wall_seconds:.2f} s" if held else f"ended with {result.exit_reason} instead"
        found.append(Check(tier, f"limit: {name}", "ok" if held else "fail", said, "" if held else _BROKEN))
    return found
