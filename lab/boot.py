"""Boots a guest to its end and takes the result off its console."""

import contextlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab import scratch
from lab.kernels_for import Booted
from lab.lockstep import job
from lab.lockstep.guest import Running
from lab.lockstep.results import IMAGE
from qemu.accel import Accelerator
from qemu.machine import DirectBoot, Machine, Nic
from rootfs import cpio

CPUS: Final = 2
TRADING_CPU: Final = 1
"""The second of two: the first cannot be isolated."""
MEMORY_MIB: Final = 512
_TAIL: Final = 8


class GuestError(Exception):
    """The guest gave no result; the text ends with what its console said last."""


@dataclass(frozen=True, slots=True)
class LabGuest:
    """A machine of the lab: the trading card alone, or none; `counted`: one instruction is one nanosecond."""

    boot: DirectBoot
    accelerator: Accelerator
    counted: bool
    card: bool

    def argv(self, console: Path, local: Path, remote: Path) -> list[str]:
        """QEMU's command line; `local` is its end of the trading link, `remote` the other one."""
        nics = (Nic("trader", job.GUEST_MAC, local, remote),) if self.card else ()
        # Counting, the HPET makes a kernel without a PM timer give up its local timers: it compares the two.
        counting = ["-machine", "hpet=off"] if self.counted else []
        machine = Machine(
            self.accelerator,
            self.boot,
            nics,
            console,
            local.parent / "qmp",
            cpus=CPUS,
            memory_mib=MEMORY_MIB,
            iommu=False,  # what mapping costs is no question of the kernel's configuration
            icount=self.counted,
        )
        return [*machine.argv(), *counting]


def direct(booted: Booted, config: str, harness: str, folder: Path) -> DirectBoot:
    """The variant told to run `harness` with a configuration; its initramfs is put into `folder`."""
    initramfs = folder / "initramfs"
    more = [cpio.file("etc/hftos.toml", config.encode()), *booted.files]
    initramfs.write_bytes(cpio.appended(booted.initramfs.read_bytes(), more))
    words = (*booted.words, f"hftos.harness={harness}", "--", *booted.init)
    return DirectBoot(booted.image, initramfs, " ".join(words))


def to_end(guest: LabGuest, console: Path, seconds: float) -> None:
    """Boot a guest that needs nobody, and wait for its end. Raises GuestError when it takes longer than `seconds`."""
    console.unlink(missing_ok=True)
    with scratch.folder() as folder, _monitor(folder):
        running = Running(guest.argv(console, folder / "guest", folder / "harness"), folder)
        try:
            status = running.wait(seconds)
        finally:
            said = running.stop()
    if status is None:
        raise GuestError(f"the guest was not done within {seconds:g} s; {tail(console)}")
    if status:
        raise GuestError(f"QEMU ended with status {status}: {said or 'no message'}; {tail(console)}")


def result(console: Path) -> dict[str, Any]:
    """What the guest's harness said. Raises GuestError where there is nothing."""
    with contextlib.suppress(OSError, ValueError), console.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith(IMAGE):
                found = json.loads(line.removeprefix(IMAGE))
                if isinstance(found, dict):
                    return found
    raise GuestError(f"the guest printed no result; {tail(console)}")


def tail(console: Path) -> str:
    """The console's last lines, as the end of an error's text."""
    lines = console.read_text(encoding="utf-8", errors="replace").split("\n") if console.exists() else []
    said = [line.strip()[:300] for line in lines if line.strip()][-_TAIL:]
    return "its console ends with: " + (" / ".join(said) or "nothing")


@contextmanager
def _monitor(folder: Path) -> Iterator[None]:
    """The machine connects to a monitor's socket: somebody has to listen."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.bind(str(folder / "qmp"))
        monitor.listen()
        yield
