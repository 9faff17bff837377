"""The port for running an agent's own code: what goes in, what comes back. An integration supplies the walls."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024 * 1024

Tier = Literal["bubblewrap", "landlock", "seatbelt", "oci"]
ExitReason = Literal["ok", "error", "signal", "wall", "cpu", "memory", "processes", "disk", "files", "output"]
FileKind = Literal["png", "csv", "parquet", "json", "text"]


class Limits(BaseModel):
    """What one run may use, all its processes together. Whoever passes one is stopped, with that field's name as the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_seconds: float = Field(default=60, gt=0, le=3600)
    cpu_seconds: float = Field(default=60, gt=0, le=7200, description="user and system time of every process")
    memory_bytes: int = Field(default=1024 * MIB, ge=64 * MIB, description="resident, of every process")
    processes: int = Field(default=64, ge=2, le=1024, description="processes and threads")
    disk_bytes: int = Field(default=512 * MIB, ge=MIB, description="everything written, not only what comes back")
    files: int = Field(default=4096, ge=16, le=100_000, description="files and folders made")
    output_bytes: int = Field(default=MIB, ge=1024, description="stdout and stderr together")
    returned_files: int = Field(default=64, ge=0, le=1000, description="files taken from out/; the rest is rejected")
    returned_bytes: int = Field(default=64 * MIB, ge=0, description="bytes taken from out/; the rest is rejected")


class Input(NamedTuple):
    """A file that the code may read as ``in/<name>``; it gets a copy."""

    name: str
    path: Path


class Snapshots(Protocol):
    """The desk's data as files that never change, for code that may not open the desk."""

    def at(self, as_of: datetime) -> Sequence[Input]:
        """What was known at ``as_of``, as ``data/….parquet`` with a manifest; nothing when the desk has no data."""
        ...


class Usage(BaseModel):
    """What a run used: peaks for memory, processes, disk and files; sums for the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_seconds: float = 0
    cpu_seconds: float = 0
    memory_bytes: int = 0
    processes: int = 0
    disk_bytes: int = 0
    files: int = 0
    output_bytes: int = 0
    reused: bool = Field(default=False, description="the same code ran on the same inputs before: this is its stored result")


class SandboxFile(BaseModel):
    """A file that came back, after its content was checked against its type. Its path holds a copy named by its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: FileKind
    path: str


class SandboxResult(BaseModel):
    """How a run ended and what came back. ``exit_code`` is the shell's: 128 + n after signal n."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier
    exit_code: int
    exit_reason: ExitReason
    stdout: str = ""
    stderr: str = ""
    files: tuple[SandboxFile, ...] = ()
    rejected: tuple[tuple[str, str], ...] = Field(default=(), description="name and why, for each file that did not come back")
    usage: Usage = Usage()


class Sandbox(Protocol):
    """Runs Python behind walls that the kernel holds, or refuses; it never runs it without them."""

    def run(self, code: str, inputs: Sequence[Input], limits: Limits) -> SandboxResult:
        """Run ``code`` with copies of ``inputs`` and collect the flat folder ``out/``.

        Raises:
            SandboxRefusedError: no tier of this machine can hold the code; the message names the mend.
            InputError: an input cannot be read or its name cannot be used.
        """
        ...
