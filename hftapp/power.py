"""The end of the machine: flush, then power off. Only ever done by PID 1."""

import os
import signal

from hftapp import libc
from hftapp.console import say


def off(status: int, reason: str) -> None:
    """Print `hftos: exit status N: reason`, sync, power off. Never returns.

    PID 1 must not exit (the kernel would panic), so if the power cannot be switched off it says so and waits for ever.
    Raises RuntimeError in any other process: a developer's machine is not switched off by a test.
    """
    if os.getpid() != 1:
        raise RuntimeError(f"only PID 1 powers off, this is process {os.getpid()} (status {status}: {reason})")
    say(f"exit status {status}: {reason}")
    os.sync()
    try:
        libc.reboot(libc.RB_POWER_OFF)
    except OSError as error:
        say(f"power off failed: {error}; halted")
    while True:
        signal.pause()
