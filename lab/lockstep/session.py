"""One measurement: the guest is booted, the harness drives it, its console is read."""

import contextlib
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from lab import scratch
from lab.lockstep.exchange import HarnessError
from lab.lockstep.guest import Running
from lab.lockstep.link import Link, SocketLink
from lab.lockstep.tcp_end import TcpEndError

BOOT_SECONDS = 240.0  # a stock kernel on a busy host


class Bootable(Protocol):
    """A guest."""

    def argv(self, console: Path, local: Path, remote: Path) -> list[str]:
        """QEMU's command line; `local` is its end of the trading link, `remote` the harness's."""


class Driver(Protocol):
    """The other end of the guest's link."""

    def run(self, ticks: int, boot_seconds: float, progress: Callable[[int], None]) -> int:
        """Carry out `ticks` ticks and see the guest to its end; how many were answered right."""

    def close(self) -> None:
        """Let go of the link."""


Connect = Callable[[Link, Callable[[], bool]], Driver]
"""Makes a driver from its link, and from what says whether the guest is alive."""

Beside = Callable[[Path], AbstractContextManager[object]]
"""What is at work beside the driver for as long as the guest runs; it gets the folder of the guest's sockets."""


def measure(
    guest: Bootable,
    connect: Connect,
    ticks: int,
    console: Path,
    progress: Callable[[int], None],
    beside: Beside = contextlib.nullcontext,
) -> int:
    """Carry out `ticks` ticks with a guest, which leaves its result on `console`; the number of right answers.

    Raises HarnessError, with the end of the console, when the guest does not do the job or sends what cannot be read.
    """
    console.parent.mkdir(parents=True, exist_ok=True)
    console.unlink(missing_ok=True)
    with scratch.folder("hftos-icount-") as folder:  # a socket's path is 107 bytes at most
        here, there = folder / "harness", folder / "guest"
        monitor = socket.socket(socket.AF_UNIX)  # a machine may insist on one
        monitor.bind(str(folder / "qmp"))
        monitor.listen()
        running: Running | None = None
        driver = connect(SocketLink(here, there), lambda: running is not None and running.alive())
        try:
            with beside(folder):
                running = Running(guest.argv(console, there, here), folder)
                return driver.run(ticks, BOOT_SECONDS, progress)
        except (HarnessError, TcpEndError, ValueError) as error:  # ValueError: of a frame or a message
            said = running.stop() if running is not None else ""
            raise HarnessError(f"{error}. {_end_of(console)} {said}".strip()) from error
        finally:
            if running is not None:
                running.stop()
            driver.close()
            monitor.close()


def _end_of(console: Path) -> str:
    lines = console.read_text(errors="replace").split("\n") if console.exists() else []
    return "Its console ends with: " + " / ".join(line.strip() for line in lines[-6:] if line.strip())
