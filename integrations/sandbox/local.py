"""The sandbox of this machine: the first tier that stands, or a refusal that says what to install. Never no walls."""

import json
import os
import re
import shutil
import stat
import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from agents.sandbox import Input, Limits, SandboxResult
from integrations.sandbox.cell import Cell, Preload
from integrations.sandbox.collector import collect
from integrations.sandbox.content import plain_text
from integrations.sandbox.handshake import MOST_INPUTS
from integrations.sandbox.program import in_memory
from integrations.sandbox.standing import MakeCell, standing
from integrations.sandbox.supervisor import Job, supervise
from integrations.sandbox.warm import WarmWorkers
from memory.errors import InputError

if TYPE_CHECKING:
    from integrations.settings import SandboxSettings

_INPUT_NAME = re.compile(r"(?:[\w+-][\w .,()+-]{0,99}/){0,3}[\w+-][\w .,()+-]{0,199}")


def bubblewrap(limits: Limits, input_bytes: int, preload: Preload | None = None) -> Cell:
    """The first tier on Linux."""
    from integrations.sandbox.bubblewrap import BubblewrapCell

    return BubblewrapCell(limits, input_bytes, preload=preload)


def landlock(limits: Limits, input_bytes: int, preload: Preload | None = None) -> Cell:
    """The second tier on Linux."""
    from integrations.sandbox.landlock import LandlockCell

    return LandlockCell(limits, input_bytes, preload=preload)


def seatbelt(limits: Limits, input_bytes: int, preload: Preload | None = None) -> Cell:
    """MacOS."""
    from integrations.sandbox.seatbelt import SeatbeltCell

    return SeatbeltCell(limits, input_bytes, preload=preload)


def tiers(settings: "SandboxSettings") -> list[MakeCell]:
    """What is tried, in order."""
    if settings.tier == "oci":
        from integrations.sandbox.oci import container

        return [container(settings.engine, settings.runtime, settings.image)]
    known: dict[str, MakeCell] = {"bubblewrap": bubblewrap, "landlock": landlock, "seatbelt": seatbelt}
    if settings.tier != "auto":
        return [known[settings.tier]]
    return [bubblewrap, landlock]


_LIST_FONTS = """import json, pathlib, matplotlib, matplotlib.font_manager
found = next(pathlib.Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))
pathlib.Path("out/fonts.json").write_text(json.dumps({"name": found.name, "content": found.read_text()}))
"""


class LocalSandbox:
    """Fulfils ``agents.sandbox.Sandbox``."""

    def __init__(self, store: Path, makers: Sequence[MakeCell], warm: WarmWorkers | None = None) -> None:
        """Make one.

        Args:
            store: folder for what comes back, each file named by its hash.
            makers: tiers in the order in which they are tried; see ``tiers``.
            warm: workers with their libraries loaded, for a process that runs for long; whoever made them closes them.
        """
        self._store = store
        self._makers = makers
        self._warm = warm

    def run(self, code: str, inputs: Sequence[Input], limits: Limits) -> SandboxResult:
        """Run code; see the port."""
        opened: list[tuple[str, int]] = []
        script = in_memory("code", code.encode("utf-8", errors="strict"))
        try:
            if len(inputs) > MOST_INPUTS:
                raise InputError(f"a run takes at most {MOST_INPUTS} inputs, not {len(inputs)}: put them into one Parquet file")
            for item in inputs:
                opened.append((_checked(item.name, {name for name, _ in opened}), _open(item)))
            return self._run(Job(script, tuple(opened), limits), code)
        finally:
            for fd in (script, *(fd for _, fd in opened)):
                os.close(fd)

    def _caches(self, code: str) -> Preload | None:
        """The list of fonts for code that draws: matplotlib takes a second to make it. Made once, in a run of our own code."""
        if "matplotlib" not in code or code == _LIST_FONTS:
            return None
        path = self._store / ".cache" / f"fonts-{version('matplotlib')}.json"
        if not path.exists():
            made = LocalSandbox(self._store, self._makers).run(_LIST_FONTS, [], Limits())
            if not made.files:
                return None
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.partial")
            shutil.copyfile(made.files[0].path, partial)
            partial.replace(path)
        fonts = json.loads(path.read_text(encoding="utf-8"))
        return Preload((), ((f"matplotlib/{fonts['name']}", fonts["content"].encode()),))

    def _run(self, job: Job, code: str) -> SandboxResult:
        cell = self._cell(job, code)
        try:
            outcome = supervise(cell, job)
            collected = collect(cell.out, self._store, job.limits)
        finally:
            cell.close()
        return SandboxResult(
            tier=cell.tier, exit_code=outcome.exit_code, exit_reason=outcome.reason, stdout=plain_text(outcome.stdout),
            stderr=plain_text(outcome.stderr), files=collected.files, rejected=collected.rejected, usage=outcome.usage,
        )  # fmt: skip

    def _cell(self, job: Job, code: str) -> Cell:
        """A worker that stands inside its walls: a warm one where there is one, else the first tier that stands."""
        size = sum(os.fstat(fd).st_size for _, fd in job.inputs)
        waiting = self._warm.take(job.limits, size) if self._warm else None
        return waiting or standing(self._makers, job.limits, size, self._caches(code))


def _checked(name: str, taken: set[str]) -> str:
    if not _INPUT_NAME.fullmatch(name) or ".." in name.split("/"):
        raise InputError(f"an input cannot be called {name!r}: use letters, digits, space and . , ( ) + - _")
    if name in taken:
        raise InputError(f"two inputs are called {name}: rename one of them")
    return name


def _open(item: Input) -> int:
    try:
        fd = os.open(item.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"the input {item.path} cannot be read ({error.strerror}): check the path") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise InputError(f"the input {item.path} is no plain file: name a file")
    return fd
