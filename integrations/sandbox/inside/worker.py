"""The worker: enters its walls, takes one job, runs it as ``__main__``, ends. Nothing untrusted runs before the job.

It is started as ``python -I -S`` and says hello over the control socket with the folders that the supervisor watches.
"""

from __future__ import annotations

import _socket
import marshal
import os
import resource
import sys

TYPE_CHECKING = False  # typing itself takes longer to import than all the rest together
if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Any

_OWN_NAMES = frozenset({"in", "out", "inputs", "main.py"})
_ROOM_MIB = 80
"""Memory for small objects: the libraries fill 74 of it."""
_HELD: list[bytes] = []


def main(spec: dict[str, Any], modules: dict[str, ModuleType]) -> None:
    """Do one job; never returns normally to whoever started the interpreter."""
    control = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, spec["control"])
    root: str = spec["root"]
    _bound_self(spec["limits"])
    for name in ("in", "out", "tmp"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    os.chdir(root)
    folders = [os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) for path in (f"{root}/out", *spec["watched"])]
    control.sendmsg([b"hello"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, b"".join(fd.to_bytes(4, sys.byteorder) for fd in folders))])
    for fd in folders:
        os.close(fd)
    if spec["walls"]:
        modules["walls"].enter(spec["walls"])
    sys.path[:] = [root, *spec["paths"]]
    _like_site()
    if "standins" in modules:
        modules["standins"].install(root)
    if spec["preload"]:
        _quietly(_preload, spec)
    control.send(b"ready")
    _run(_receive(control), root, quick=bool(spec["preload"] and spec["preload"]["modules"]))


def _bound_self(limits: dict[str, int]) -> None:
    os.umask(0o022)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        # A container without a writable /proc: the host's own choice of victim stands.
        sys.stderr.flush()
    for name, value in limits.items():
        _, hard = resource.getrlimit(getattr(resource, name))
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (bounded, bounded))
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:4])  # thread pools size themselves by this; a big machine would exceed the process limit


def _like_site() -> None:
    """What ``site`` would have added and scripts expect."""
    import _sitebuiltins
    import builtins

    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D"))


def _quietly(load: Any, spec: dict[str, Any]) -> None:
    """What libraries say while they load is not the job's output."""
    kept = [os.dup(fd) for fd in (1, 2)]
    nowhere = os.open("/dev/null", os.O_WRONLY)
    for fd in (1, 2):
        os.dup2(nowhere, fd)
    try:
        load(spec)
    finally:
        for fd, old in zip((1, 2), kept, strict=True):
            os.dup2(old, fd)
            os.close(old)
        os.close(nowhere)


def _preload(spec: dict[str, Any]) -> None:
    import importlib

    for path, content in spec["preload"]["caches"].items():
        target = f"{spec['root']}/tmp/{path}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
    if not spec["preload"]["modules"]:
        return
    _room_for_objects()
    for name in spec["preload"]["modules"]:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    _rehearse(spec["root"])
    if "matplotlib.pyplot" in sys.modules:
        plot: Any = sys.modules["matplotlib.pyplot"]
        plot.savefig = _drawn_once(plot)
    _settle()
    _light_to_take_down()
    # What a job touches is there again, and the rest is not.
    _rehearse(spec["root"])
    _settle()


def _room_for_objects() -> None:
    """Take the memory that small objects will need before any library is loaded, and keep it by an object in each piece.

    The interpreter asks for it a MiB at a time. Between the libraries each such piece would lie alone, too small for a page of 2 MiB.
    """
    blocks = [b""] * (_ROOM_MIB * 1953)  # a list that grew would lie in between itself
    for place in range(len(blocks)):
        blocks[place] = bytes(479)  # 512 with its head; 1,953 of them fill a piece
    _HELD.extend(blocks[::1900])


def _settle() -> None:
    """What is there now lives as long as the worker: the collector need not walk it during the job."""
    import gc

    gc.collect()
    gc.freeze()


def _rehearse(root: str) -> None:
    """What the first chart and the first query load, and what they reach for."""
    if "matplotlib.pyplot" in sys.modules:
        _draw(f"{root}/tmp/warm.png")
    if "duckdb" in sys.modules:
        _query(f"{root}/tmp/warm.parquet")


def _draw(path: str) -> None:
    """Fonts, ticks and the picture writer are loaded by the first chart; by the second the interpreter knows its code."""
    plot: Any = sys.modules["matplotlib.pyplot"]
    figure = plot.figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], [1, 2], label="warm")
    axes.legend()
    axes.set_title("warm")
    figure.savefig(path)
    plot.close(figure)
    os.unlink(path)


def _drawn_once(plot: Any) -> Any:
    """``pyplot.savefig`` that writes the same file and leaves it there: the original then draws the figure again, for a window."""
    import functools

    @functools.wraps(plot.savefig)
    def savefig(*args: Any, **kwargs: Any) -> Any:
        return plot.gcf().savefig(*args, **kwargs)

    return savefig


def _query(path: str) -> None:
    """The Parquet reader and the way to pandas are loaded by the first query, and the connection that a module's calls share is made."""
    database = sys.modules["duckdb"].default_connection()
    database.execute(f"COPY (SELECT range AS x, range % 3 AS y FROM range(100)) TO '{path}'")  # noqa: S608 - our own path
    frame = database.execute(f"SELECT y, avg(x) AS mean FROM '{path}' GROUP BY y ORDER BY y").df()  # noqa: S608 - our own path
    frame.groupby("y")["mean"].mean()
    os.unlink(path)


def _light_to_take_down() -> None:
    """A worker is taken down page by page before anything is collected.

    So what its libraries hold is put in pages of 2 MiB where the kernel can, and what only stands in their files is mapped again as
    the job needs it.
    """
    import ctypes

    libc, collapse, forget, size, page = ctypes.CDLL(None), 25, 4, 2 << 20, 4096
    try:
        with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return  # not on Linux
    for first, last in _read_only(libc):
        libc.madvise(ctypes.c_void_p(first & -page), ctypes.c_size_t((last & -page) - (first & -page)), forget)
    for place, rights, *_, name in lines:
        first, last = (int(end, 16) for end in place.split("-"))
        if rights == "rw-p" and name in {"0", "[heap]"}:
            for at in range(-(-first // size) * size, last - size + 1, size):
                libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(size), collapse)  # where it cannot be done, nothing is lost


def _read_only(libc: Any) -> list[tuple[int, int]]:
    """Where the parts of the loaded libraries lie that are never written, as their program headers say: not even when they are linked."""
    import ctypes

    class Header(ctypes.Structure):
        _fields_ = (
            ("kind", ctypes.c_uint32), ("rights", ctypes.c_uint32), ("offset", ctypes.c_uint64), ("address", ctypes.c_uint64),
            ("physical", ctypes.c_uint64), ("in_file", ctypes.c_uint64), ("in_memory", ctypes.c_uint64), ("align", ctypes.c_uint64),
        )  # fmt: skip

    class Library(ctypes.Structure):
        _fields_ = (("base", ctypes.c_uint64), ("name", ctypes.c_char_p), ("headers", ctypes.POINTER(Header)), ("count", ctypes.c_uint16))

    found: list[tuple[int, int]] = []
    loaded, writable = 1, 2

    def note(library: Any, _size: int, _data: Any) -> int:
        base = library.contents.base
        for part in library.contents.headers[: library.contents.count] if library.contents.name else []:  # the interpreter has no name
            if part.kind == loaded and not part.rights & writable:
                found.append((base + part.address, base + part.address + part.in_memory))
        return 0

    libc.dl_iterate_phdr(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Library), ctypes.c_size_t, ctypes.c_void_p)(note), None)
    return found


def _receive(control: _socket.socket) -> dict[str, Any]:
    data, ancillary, _, _ = control.recvmsg(1 << 20, 4096)
    if not data:
        os._exit(0)  # the supervisor has gone, or does not need this worker
    fds = [int.from_bytes(raw[start : start + 4], sys.byteorder) for _, _, raw in ancillary for start in range(0, len(raw) // 4 * 4, 4)]
    size = int.from_bytes(data[:4], "big")
    while len(data) < size + 4:
        data += control.recv(1 << 20)
    job: dict[str, Any] = marshal.loads(data[4:])  # noqa: S302 - from our own supervisor, before anything untrusted ran
    job["fds"] = fds
    control.close()
    return job


def _copy(source: int, target: str, mode: int) -> None:
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    offset, size = 0, os.fstat(source).st_size
    while offset < size:
        done = os.sendfile(fd, source, offset, size - offset)
        if not done:
            break
        offset += done
    os.close(fd)
    os.close(source)


def _run(job: dict[str, Any], root: str, *, quick: bool) -> None:
    code, *inputs = job["fds"]
    path = f"{root}/main.py"
    _copy(code, path, 0o644)
    os.symlink("in", f"{root}/inputs")
    for fd, name in zip(inputs, job["inputs"], strict=True):
        folder = os.path.dirname(f"{root}/in/{name}")
        os.makedirs(folder, exist_ok=True)
        _copy(fd, f"{root}/in/{name}", 0o444)
        if "/" not in name and name not in _OWN_NAMES:
            os.symlink(f"in/{name}", f"{root}/{name}")
    for name, value in job["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    _become_main(path, quick=quick)


def _become_main(path: str, *, quick: bool) -> None:
    module = type(sys)("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    sys.argv[:] = [path]
    sys.excepthook = _trimmed(path)
    with open(path, "rb") as file:
        source = file.read()
    if not quick:
        exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - this is the job
        return
    status = 0
    try:
        exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 - this is the job
    except SystemExit as end:
        status = _status(end.code)
    except BaseException as error:  # noqa: BLE001 - the edge of the process
        sys.excepthook(type(error), error, error.__traceback__)
        status = 1
    _leave(module, status)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1


def _leave(module: ModuleType, status: int) -> None:
    """Join threads, run exit functions, flush what the script left open, and go: taking big libraries down takes longer."""
    import atexit

    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()  # noqa: SLF001 - as the interpreter does
    atexit._run_exitfuncs()  # noqa: SLF001 - as the interpreter does
    module.__dict__.clear()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    os._exit(status)


def _trimmed(path: str) -> Any:
    """A traceback that begins at the script, as people know it."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        while trace is not None and trace.tb_frame.f_code.co_filename != path:
            trace = trace.tb_next
        sys.__excepthook__(kind, error.with_traceback(trace), trace)

    return show


def start(program: dict[str, Any]) -> None:
    """Load the modules that came along and hand over to the one that leads."""
    modules: dict[str, ModuleType] = {}
    for name, code in program["modules"].items():
        modules[name] = type(sys)(name)
        exec(code, modules[name].__dict__)  # noqa: S102 - our own modules
    modules[program["lead"]].__dict__["main"](program["spec"], modules)
