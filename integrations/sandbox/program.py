"""What is started behind the walls: the modules of ``inside`` as one piece of bytecode, and the interpreter that runs it."""

import marshal
import os
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

_BOOT = "import marshal;f=open({fd},'rb');p=marshal.loads(f.read());f.close();g={{}};exec(p['modules']['worker'],g);g['start'](p)"


@cache
def _module(name: str) -> CodeType:
    path = Path(__file__).parent / "inside" / f"{name}.py"
    return compile(path.read_text(encoding="utf-8"), f"<stoa {name}>", "exec")


def in_memory(name: str, content: bytes) -> int:
    """A file descriptor that reads ``content`` from its start; the caller closes it."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def bundle(lead: str, names: tuple[str, ...], spec: Mapping[str, Any]) -> bytes:
    """The program as the interpreter's own bytecode: ``lead`` begins, with ``spec``."""
    return marshal.dumps({"lead": lead, "modules": {name: _module(name) for name in ("worker", *names)}, "spec": dict(spec)})


def command(fd: int) -> list[str]:
    """The interpreter, told to run the bundle in ``fd``: isolated, no site, no bytecode written."""
    return [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", _BOOT.format(fd=fd)]


@cache
def library_paths() -> tuple[str, ...]:
    """``sys.path`` of the worker: the standard library and the installed packages, nothing else that the desk can import."""
    standard = [p for p in sys.path if p and p.startswith(sys.base_prefix) and "site-packages" not in p]
    packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return (*dict.fromkeys(standard), *sorted(packages))


@cache
def interpreter_roots() -> tuple[str, ...]:
    """Folders the interpreter needs besides the system's."""
    roots = [sys.base_prefix, sys.prefix, *library_paths()]
    found: list[str] = []
    for root in dict.fromkeys(str(Path(r).absolute()) for r in roots):
        if not any(root == kept or root.startswith(kept + "/") for kept in [*found, "/usr", "/lib"]):
            found.append(root)
    return tuple(found)


def environment(root: str, temporary: str) -> dict[str, str]:
    """All that the code sees of an environment: nothing of the caller's."""
    cores = str(min(4, os.cpu_count() or 1))
    return {
        "HOME": root, "TMPDIR": temporary, "USER": "sandbox", "LOGNAME": "sandbox", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC",
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1",
        "MPLBACKEND": "Agg", "MPLCONFIGDIR": f"{temporary}/matplotlib", "OMP_NUM_THREADS": cores, "OPENBLAS_NUM_THREADS": cores,
    }  # fmt: skip
