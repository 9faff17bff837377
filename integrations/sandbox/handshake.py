"""What supervisor and worker say to each other before the job, and the job itself."""

import array
import errno
import marshal
import os
import select
import shutil
import socket
import time
from collections.abc import Mapping, Sequence

from agents.errors import SandboxRefusedError

MOST_INPUTS = 200
"""Descriptors that fit one message, with room to spare."""


def _await(control: socket.socket, stderr: int, timeout: float, tier: str) -> None:
    poller = select.poll()
    poller.register(control, select.POLLIN)
    if not poller.poll(timeout * 1000):
        raise SandboxRefusedError(f"{tier}: the worker did not answer within {timeout:.0f} s: run stoa sandbox doctor")
    if not control.recv(1, socket.MSG_PEEK):
        raise SandboxRefusedError(f"{tier} could not put up its walls: {_last_words(stderr)}")


def _last_words(stderr: int) -> str:
    time_left = time.monotonic() + 1
    said = b""
    while time.monotonic() < time_left:
        if select.select([stderr], [], [], 0.1)[0]:
            try:
                part = os.read(stderr, 65536)
            except OSError as error:
                if error.errno == errno.EAGAIN:
                    continue
                raise
            if not part:
                break
            said += part
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it ended without a word"


def receive_folders(control: socket.socket, stderr: int, timeout: float, tier: str) -> list[int]:
    """Descriptors of the folders that the worker shows: ``out`` first.

    Raises:
        SandboxRefusedError: no worker came.
    """
    _await(control, stderr, timeout, tier)
    _, ancillary, _, _ = control.recvmsg(len(b"hello"), socket.CMSG_SPACE(16 * 4))
    folders: list[int] = []
    for _, _, raw in ancillary:
        folders += array.array("i", raw[: len(raw) // 4 * 4]).tolist()
    if not folders:
        raise SandboxRefusedError(f"{tier}: the worker showed no folders: {_last_words(stderr)}")
    return folders


def await_ready(control: socket.socket, stderr: int, timeout: float, tier: str) -> None:
    """Wait until the worker stands inside all its walls.

    Raises:
        SandboxRefusedError: it did not get there.
    """
    _await(control, stderr, timeout, tier)
    if control.recv(len(b"ready")) != b"ready":
        raise SandboxRefusedError(f"{tier}: the worker said something else than ready: run stoa sandbox doctor")


def send_job(control: socket.socket, code: int, inputs: Sequence[tuple[str, int]], limits: Mapping[str, int]) -> None:
    """Hand over the job: descriptors of the code and of each input, read from their start."""
    header = marshal.dumps({"inputs": [name for name, _ in inputs], "limits": dict(limits)})
    message = len(header).to_bytes(4, "big") + header
    fds = array.array("i", [code, *(fd for _, fd in inputs)])
    sent = control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds.tobytes())])
    if sent < len(message):
        control.sendall(message[sent:])


def receive_job(control: socket.socket, root: str) -> None:
    """Lay out a job in a folder, for a worker that no descriptor can reach."""
    data, ancillary, _, _ = control.recvmsg(1 << 20, socket.CMSG_SPACE((MOST_INPUTS + 1) * 4))
    fds = array.array("i")
    for _, _, raw in ancillary:
        fds.frombytes(raw[: len(raw) // 4 * 4])
    size = int.from_bytes(data[:4], "big")
    while len(data) < size + 4:
        data += control.recv(1 << 20)
    job = marshal.loads(data[4:])  # noqa: S302 - what this very process wrote
    for fd, name in zip(fds, ["main.py", *(f"in/{name}" for name in job["inputs"])], strict=True):
        target = f"{root}/{name}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(fd, "rb") as source, open(target, "wb") as copy:
            shutil.copyfileobj(source, copy)
        os.chmod(target, 0o444)
