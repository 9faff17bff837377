"""Handles on other processes."""

import os
import signal

from attack import attempt, call, host


def send():
    fd = os.pidfd_open(host["pid"])
    signal.pidfd_send_signal(fd, 0)
    return "could signal"


attempt(send)
attempt(lambda: call(438, os.pidfd_open(host["pid"]), 0, 0))
