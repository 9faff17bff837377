"""The suite fails when a wall is removed: each is taken away, and its attack then gets through."""

import functools
import json
import os

import pytest

from integrations.sandbox.seccomp import BUBBLEWRAP, LANDLOCK, SIGNALS
from tests.sandbox_attacks.conftest import drive, reason_not_to

FILTER = [
    ("process_ptrace", "ptrace"), ("process_memory_of_others", "ptrace"), ("kernel_keyring", "keyring"), ("kernel_userfaultfd", "userfaultfd"),
    ("kernel_io_uring", "io_uring"), ("kernel_perf_and_bpf", "perf"), ("kernel_memfd", "memfd"), ("kernel_namespaces", "namespaces"),
    ("kernel_clone3", "namespaces"), ("kernel_mounts", "mounts"), ("kernel_file_handles", "handles"), ("terminal_inject", "tty"),
    ("kernel_personality", "personality"), ("kernel_own_filter", "seccomp"), ("process_hide", "prctl"), ("kernel_administration", "kernel"),
    ("kernel_i386", "abi"), ("kernel_new_calls", "new calls"), ("net_netlink", "sockets"),
]  # fmt: skip
IN_BUBBLEWRAP = [
    ("net_loopback_tcp", "net"), ("namespace_of_processes", "pid"), ("ipc_system_v", "ipc"), ("file_secret", "files"),
    ("secret_environment", "environment"), ("terminal_session", "session"), ("disk_unbounded_folder", "sizes"), ("write_system", "read-only"),
    *FILTER,
]  # fmt: skip
IN_LANDLOCK = [
    ("file_secret", "files"), ("write_host_file", "files"), ("process_signal_keeper", "scope"),
    ("process_signal_host", "scope+keeper scope"), ("net_loopback_udp", "sockets"), ("net_loopback_tcp", "sockets+network"),
    ("descriptor_passing", "passing"), ("change_host_attributes", "attributes"), ("ipc_system_v", "ipc"), ("process_limits_of_others", "others"),
    ("secret_environment", "environment"), *(pair for pair in FILTER if pair[1] != "sockets" and pair[0] != "terminal_inject"),
]  # fmt: skip
CASES = [("bubblewrap", *pair) for pair in IN_BUBBLEWRAP] + [("landlock", *pair) for pair in IN_LANDLOCK]


@functools.cache
def breaches(tier: str) -> dict[tuple[str, str], list[str]]:
    """As an ordinary user, whose other files and processes the code would reach."""
    cases = [(name, wall) for of, name, wall in CASES if of == tier]
    answers = drive(["breaches", json.dumps([[tier, name, wall.split("+")] for name, wall in cases])], ordinary=os.geteuid() == 0)
    return dict(zip(cases, answers, strict=True))


@pytest.mark.parametrize(("tier", "script", "wall"), CASES)
def test_without_its_wall_an_attack_gets_through(tier, script, wall):
    if tier == "bubblewrap" and (reason := reason_not_to("user-bubblewrap")):
        pytest.skip(reason)
    assert breaches(tier)[script, wall], f"{script} is contained without {wall}: it proves nothing"


def test_every_wall_of_the_filters_has_an_attack():
    walls = {rule.wall for rule in (*BUBBLEWRAP, *LANDLOCK)}
    assert walls - {wall for _, _, named in CASES for wall in named.split("+")} == set()
    assert {rule.wall for rule in SIGNALS} == {"signals"}


def test_nested_user_namespaces_are_closed_twice():
    if reason := reason_not_to("user-bubblewrap"):
        pytest.skip(reason)
    once, never = drive(
        [
            "breaches",
            json.dumps(
                [["bubblewrap", "kernel_namespaces", ["namespaces"]], ["bubblewrap", "kernel_namespaces", ["namespaces", "userns"]]]
            ),
        ],
        ordinary=os.geteuid() == 0,
    )
    assert not any("was let through" in line or "user namespace" in line for line in once)
    assert any("was let through" in line or "user namespace" in line for line in never)


def test_whoever_signals_for_an_older_kernel_signals_the_family_only():
    (through,) = drive(["breaches", json.dumps([["older", "process_signal_by_another", ["family"]]])], ordinary=os.geteuid() == 0)
    assert any("could signal" in line for line in through), "the attack is contained without that wall: it proves nothing"


@pytest.mark.parametrize("version", [3, 5])
def test_where_landlock_does_not_bound_signals_the_filter_does(version):
    found = drive(["older", str(version)], ordinary=os.geteuid() == 0)
    assert {name: problems for name, problems in found.items() if problems} == {}
