"""The system call filter, compiled to the kernel's packet filter language in plain Python.

Calls are allowed unless a rule denies them; what is newer than the table does not exist; a call by another processor's
numbers (i386, x32) ends the process, because its numbers mean other things. Each rule belongs to a wall, so that a test
can take one away and see the attack succeed.
"""

import errno
import struct
from collections.abc import Iterable
from typing import Literal, NamedTuple

from integrations.sandbox.inside.walls import OWN_PID
from integrations.sandbox.syscalls import NEWEST, Machine, number

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""
_UNIX, _INET, _INET6 = 1, 2, 10


class Rule(NamedTuple):
    """Deny a call: always, or when its argument ``argument`` has any of the bits, is one of, or is none of ``values``."""

    wall: str
    call: str
    answer: int = errno.EPERM
    argument: int | None = None
    test: Literal["bits", "in", "not in"] = "in"
    values: tuple[int, ...] = ()


def _always(wall: str, calls: str, answer: int = errno.EPERM) -> list[Rule]:
    return [Rule(wall, call, answer) for call in calls.split()]


COMMON: tuple[Rule, ...] = (
    *_always("ptrace", "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp"),
    *_always("keyring", "add_key request_key keyctl"),
    *_always("userfaultfd", "userfaultfd"),
    *_always("io_uring", "io_uring_setup io_uring_enter io_uring_register"),
    *_always("perf", "perf_event_open bpf"),
    *_always("memfd", "memfd_create memfd_secret"),
    *_always("namespaces", "unshare setns"),
    *_always("namespaces", "clone3", errno.ENOSYS),  # its flags are behind a pointer; the C library falls back to clone
    Rule("namespaces", "clone", argument=0, test="bits", values=(NAMESPACES,)),
    *_always("mounts", "mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr"),
    *_always("mounts", "statmount listmount"),
    *_always("handles", "name_to_handle_at open_by_handle_at"),
    Rule("tty", "ioctl", argument=1, values=(0x5412, 0x541C)),  # TIOCSTI, TIOCLINUX
    Rule("personality", "personality", argument=0, test="not in", values=(0, 0xFFFFFFFF)),
    *_always("seccomp", "seccomp"),
    # Dumpable, seccomp, memory map, subreaper, ptracer, death signal: what would hide a process or cut it loose.
    Rule("prctl", "prctl", argument=0, values=(1, 4, 22, 35, 36, 0x59616D61)),
    *_always("kernel", "kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff acct"),
    *_always("kernel", "quotactl quotactl_fd settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname"),
    *_always("kernel", "iopl ioperm modify_ldt vhangup syslog lookup_dcookie nfsservctl uselib ustat sysfs get_kernel_syms"),
    *_always("kernel", "fanotify_init move_pages migrate_pages vmsplice io_setup io_pgetevents"),
)
BUBBLEWRAP: tuple[Rule, ...] = (
    *COMMON,
    # The private network namespace holds loopback; vsock, netlink, packet and the kernel's crypto sockets know no namespace.
    Rule("sockets", "socket", errno.EAFNOSUPPORT, 0, "not in", (_UNIX, _INET, _INET6)),
    Rule("sockets", "socketpair", errno.EAFNOSUPPORT, 0, "not in", (_UNIX,)),
)
LANDLOCK: tuple[Rule, ...] = (
    *COMMON,
    # No network namespace here: no socket but a pair.
    *_always("sockets", "socket", errno.EACCES),
    Rule("sockets", "socketpair", errno.EAFNOSUPPORT, 0, "not in", (_UNIX,)),
    # A file sent through a socket and closed would be seen by no count.
    *_always("passing", "sendmsg sendmmsg"),
    # Landlock does not know these: they would reach any file of the user, or outlive the run.
    *_always("attributes", "chmod fchmod fchmodat fchmodat2 chown fchown fchownat lchown utime utimes futimesat utimensat"),
    *_always("attributes", "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat"),
    *_always("ipc", "shmget semget msgget mq_open mq_unlink"),
    # Without a pid namespace these would reach the user's other processes.
    Rule("others", "setpriority", argument=0, test="not in", values=(0,)),
    *(Rule("others", call, argument=1, test="not in", values=(0,)) for call in ("setpriority", "ioprio_set")),
    *(
        Rule("others", call, argument=0, test="not in", values=(0, OWN_PID))
        for call in ("prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
    ),
)


def _instruction(code: int, value: int, on_true: int = 0, on_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, on_true, on_false, value)


def _rule(rule: Rule, machine: Machine) -> list[bytes]:
    call = number(rule.call, machine)
    if call is None:
        return []
    deny = _instruction(_RETURN, _ERRNO | rule.answer)
    if rule.argument is None:
        return [_instruction(_JUMP_EQUAL, call, 0, 1), deny]
    tests = list(rule.values)
    body = [_instruction(_LOAD, _ARGUMENTS + 8 * rule.argument)]
    for index, value in enumerate(tests):
        left = len(tests) - index - 1
        if rule.test == "not in":
            body.append(_instruction(_JUMP_EQUAL, value, left + 1, 0))  # a permitted value: past the refusal
        else:
            body.append(_instruction(_JUMP_ANY_BIT if rule.test == "bits" else _JUMP_EQUAL, value, left, 0 if left else 1))
    body += [deny, _instruction(_LOAD, _NUMBER)]
    return [_instruction(_JUMP_EQUAL, call, 0, len(body)), *body]


def compile_filter(rules: Iterable[Rule], machine: Machine, *, without: frozenset[str] = frozenset()) -> bytes:
    """The filter as the kernel and bubblewrap take it: an array of ``struct sock_filter``.

    Args:
        rules: what is denied.
        machine: the processor.
        without: walls that a test takes away.
    """
    program = [_instruction(_LOAD, _ARCH)]
    answer = _ALLOW if "abi" in without else _KILL
    program += [_instruction(_JUMP_EQUAL, machine.audit_arch, 1, 0), _instruction(_RETURN, answer), _instruction(_LOAD, _NUMBER)]
    if machine.x32_bit:
        program += [_instruction(_JUMP_GREATER_EQUAL, machine.x32_bit, 0, 1), _instruction(_RETURN, answer)]
    if "new calls" not in without:
        program += [_instruction(_JUMP_GREATER_EQUAL, NEWEST + 1, 0, 1), _instruction(_RETURN, _ERRNO | errno.ENOSYS)]
    for rule in rules:
        if rule.wall not in without:
            program += _rule(rule, machine)
    program.append(_instruction(_RETURN, _ALLOW))
    return b"".join(program)


SIGNALS: tuple[Rule, ...] = (
    Rule("signals", "kill", argument=0, test="not in", values=(0, OWN_PID)),
    Rule("signals", "tgkill", argument=0, test="not in", values=(OWN_PID,)),
    Rule("signals", "fcntl", argument=1, values=(8, 15)),  # F_SETOWN, F_SETOWN_EX
    *_always("signals", "tkill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo"),
)
"""For kernels whose Landlock does not bound signals (before 6.12): only the worker and one's own process group; the rest by the keeper."""
