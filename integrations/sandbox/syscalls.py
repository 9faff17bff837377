"""System call numbers: name → (x86_64, aarch64). None where the machine has no such call. Source: the kernel's unistd tables."""

from typing import NamedTuple

from agents.errors import SandboxRefusedError


class Machine(NamedTuple):
    """What a filter must know of a processor."""

    name: str
    audit_arch: int
    column: int
    x32_bit: int


MACHINES = {
    "x86_64": Machine("x86_64", 0xC000003E, 0, 0x40000000),
    "aarch64": Machine("aarch64", 0xC00000B7, 1, 0),
}
NEWEST = 466
"""removexattrat: calls with a higher number did not exist when the filter was written."""

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "chmod": (90, None),
    "chown": (92, None), "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112),
    "clone": (56, 220), "clone3": (435, 435), "delete_module": (176, 106), "fanotify_init": (300, 262),
    "fcntl": (72, 25), "ioprio_set": (251, 30), "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "fchown": (93, 55), "fchownat": (260, 54),
    "finit_module": (313, 273), "fremovexattr": (199, 16), "fsconfig": (431, 431), "fsetxattr": (190, 7),
    "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433), "futimesat": (261, None),
    "get_kernel_syms": (177, None), "init_module": (175, 105), "io_pgetevents": (333, 292), "io_setup": (206, 0),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425), "ioctl": (16, 29),
    "ioperm": (173, None), "iopl": (172, None), "kcmp": (312, 272), "kexec_file_load": (320, 294),
    "kexec_load": (246, 104), "keyctl": (250, 219), "kill": (62, 129), "lchown": (94, None),
    "listmount": (458, 458), "lookup_dcookie": (212, 18), "lremovexattr": (198, 15), "lsetxattr": (189, 6),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "migrate_pages": (256, 238), "modify_ldt": (154, None),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429), "move_pages": (279, 239),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "msgget": (68, 186), "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42), "open_by_handle_at": (304, 265), "open_tree": (428, 428), "perf_event_open": (298, 241),
    "personality": (135, 92), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41), "prctl": (157, 167), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "reboot": (169, 142), "removexattr": (197, 14), "removexattrat": (466, 466),
    "request_key": (249, 218), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "seccomp": (317, 277),
    "semget": (64, 190), "sendmmsg": (307, 269), "sendmsg": (46, 211), "setdomainname": (171, 162), "setns": (308, 268),
    "setpriority": (141, 140), "sethostname": (170, 161), "settimeofday": (164, 170), "setxattr": (188, 5),
    "setxattrat": (463, 463), "shmget": (29, 194), "socket": (41, 198), "socketpair": (53, 199), "statmount": (457, 457),
    "swapoff": (168, 225), "swapon": (167, 224), "sysfs": (139, None), "syslog": (103, 116), "tgkill": (234, 131),
    "tkill": (200, 130), "umount2": (166, 39), "unshare": (272, 97), "uselib": (134, None), "userfaultfd": (323, 282),
    "ustat": (136, None), "utime": (132, None), "utimensat": (280, 88), "utimes": (235, None), "vhangup": (153, 58),
    "vmsplice": (278, 75),
}  # fmt: skip


def this_machine() -> Machine:
    """The processor this runs on.

    Raises:
        SandboxRefusedError: there is no table for it.
    """
    import platform

    name = platform.machine()
    if name not in MACHINES:
        raise SandboxRefusedError(f"the sandbox has no system call table for {name}: run it on x86_64 or aarch64")
    return MACHINES[name]


def number(name: str, machine: Machine) -> int | None:
    """A call's number; None where the machine does not have it."""
    return NUMBERS[name][machine.column]
