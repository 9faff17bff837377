"""The tier for servers, by setting: a container held by gVisor (runsc) or another runtime. Each run is a container of its own."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from agents.errors import SandboxRefusedError
from agents.sandbox import Limits, Tier
from integrations.sandbox import program
from integrations.sandbox.cell import Cell, Ends, Preload, Sample, close_worker_ends, open_ends
from integrations.sandbox.family import tree
from integrations.sandbox.handshake import receive_job
from integrations.sandbox.inside.keeper import remove_tree

ROOT = "/job"
NOBODY = 65_534


class Engine:
    """The command that starts containers."""

    def __init__(self, name: str, runtime: str, image: str) -> None:
        """Find it.

        Raises:
            SandboxRefusedError: there is none, or no image is set.
        """
        found = shutil.which(name)
        if found is None:
            raise SandboxRefusedError(f'{name} is not installed: install it, or set sandbox.tier = "auto" in stoa.toml')
        if not image:
            raise SandboxRefusedError(
                "no image is set for the oci tier: set sandbox.image in stoa.toml to one with Python and the libraries"
            )
        self.path, self.runtime, self.image = found, runtime, image

    def start(self, name: str, folder: str, limits: Limits) -> list[str]:
        """The command that runs ``main.py`` of a folder in a container."""
        options = {
            "--name": name, "--runtime": self.runtime, "--network": "none", "--cap-drop": "ALL", "--user": f"{NOBODY}:{NOBODY}",
            "--security-opt": "no-new-privileges", "--pids-limit": str(limits.processes), "--memory": str(limits.memory_bytes),
            "--memory-swap": str(limits.memory_bytes), "--cpus": "4", "--workdir": ROOT, "--volume": f"{folder}:{ROOT}:rw",
            "--tmpfs": f"/tmp:rw,nosuid,nodev,size={limits.disk_bytes}", "--ulimit": f"fsize={limits.disk_bytes}",
        }  # fmt: skip
        words = [word for option, value in options.items() for word in (option, value)]
        environment = program.environment(ROOT, f"{ROOT}/tmp") | {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        sets = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        return [self.path, "run", "--rm=false", "--read-only", "--pull=never", *words, *sets, self.image, "python", "-I", "-B", "main.py"]

    def ask(self, *words: str) -> str:
        """Say something to the engine; its answer, empty when it has none."""
        done = subprocess.run([self.path, *words], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - our own command
        return done.stdout.strip() if done.returncode == 0 else ""


def container(engine: str, runtime: str, image: str) -> Callable[[Limits, int, Preload | None], Cell]:
    """What makes containers."""

    def oci(limits: Limits, input_bytes: int, preload: Preload | None = None) -> Cell:
        del input_bytes, preload
        return OciCell(Engine(engine, runtime, image), limits)

    return oci


class OciCell:
    """One container. The job is laid out in a folder, because descriptors do not pass into it."""

    tier: Tier = "oci"

    def __init__(self, engine: Engine, limits: Limits) -> None:
        """Make the folder; the container starts with the job."""
        self._engine = engine
        self._limits = limits
        self._name = f"stoa-{secrets.token_hex(6)}"
        self._root = os.path.realpath(tempfile.mkdtemp(prefix="stoa-run-"))
        for name in ("", "in", "out", "tmp"):
            os.makedirs(f"{self._root}/{name}", exist_ok=True)
            os.chmod(f"{self._root}/{name}", 0o777)  # noqa: S103 - the container's user is another one
        self._ends: Ends = open_ends()
        self.control: socket.socket = self._ends.control
        self.stdout, self.stderr = self._ends.stdout, self._ends.stderr
        self._folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.out = os.open(f"{self._root}/out", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = -1
        self._code: int | None = None
        self._starved = False

    @property
    def finished(self) -> int:
        """Readable when the container has ended."""
        return self._watch

    def ready(self, timeout: float) -> None:
        """Is the image there?

        Raises:
            SandboxRefusedError: it is not, or the engine does not answer.
        """
        del timeout
        if not self._engine.ask("image", "inspect", "--format", "{{.Id}}", self._engine.image):
            raise SandboxRefusedError(
                f"{self._engine.path} has no image {self._engine.image}, or does not answer: build or pull it, and see that the engine runs"
            )

    def begin(self) -> None:
        """Lay out the job that waits in the socket, and start the container on it."""
        receive_job(self._ends.worker_control, self._root)
        command = self._engine.start(self._name, self._root, self._limits)
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.DEVNULL, stdout=self._ends.worker_stdout, stderr=self._ends.worker_stderr, env={"PATH": os.defpath}
        )
        self._watch = os.pidfd_open(self._process.pid)
        close_worker_ends(self._ends)

    def font_cache(self) -> tuple[tuple[str, bytes], ...]:
        """None: the image brings its own."""
        return ()

    def sample(self) -> Sample:
        """What was written; memory and processes are bounded by the engine, which says afterwards that memory ran out."""
        disk, files = tree(self._folder)
        return Sample(memory=self._limits.memory_bytes + 1 if self._starved else 0, disk=disk, files=files)

    def crowd(self) -> int:
        """The engine counts for itself."""
        return 0

    def exact_memory(self) -> int:
        """As the sample has it."""
        return self.sample().memory

    def end(self) -> int:
        """Kill the container and ask how it ended."""
        if self._code is None:
            self._code = 128 + signal.SIGKILL
            if self._process is not None:
                self._engine.ask("kill", self._name)
                self._process.wait(timeout=30)
                answer = self._engine.ask("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", self._name).split()
                if len(answer) == 2:
                    self._code, self._starved = int(answer[0]), answer[1] == "true"
                self._engine.ask("rm", "--force", self._name)
        return self._code

    def close(self) -> None:
        """End what runs, remove container and folder, give back every descriptor."""
        self.end()
        if self._process is None:
            close_worker_ends(self._ends)
        else:
            os.close(self._watch)
        self.control.close()
        for fd in (self.out, self._folder, self.stdout, self.stderr):
            os.close(fd)
        if Path(self._root).exists():
            remove_tree(self._root)
