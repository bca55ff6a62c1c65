"""A guest under `-icount shift=0,sleep=off`: one instruction is one nanosecond of its time, and of its TSC."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.lockstep import job
from qemu.children import python_environment

QEMU = "qemu-system-x86_64"
ICOUNT = ("-icount", "shift=0,sleep=off")
"""`sleep=off`: an idle guest's time jumps to its next timer."""


@dataclass(frozen=True, slots=True)
class Guest:
    """What a peer boots in. One CPU: several take turns on one virtual clock, and all that they do counts.

    `card`: options of the network card, where the peer is better off with others than the defaults.
    """

    kernel: Path
    initramfs: Path
    command_line: str
    memory_mib: int = 512
    card: str = ""

    def argv(self, console: Path, local: Path, remote: Path) -> list[str]:
        """QEMU's command line; `local` is its end of the trading link, `remote` the harness's."""
        nic = f"virtio-net-pci,netdev=trading,mac={job.GUEST_MAC},disable-legacy=on,romfile="
        nic = ",".join(filter(None, (nic, self.card)))
        ends = f"local.type=unix,local.path={local},remote.type=unix,remote.path={remote}"
        return [
            *(QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-machine", "q35"),
            *("-accel", "tcg,thread=single", *ICOUNT, "-cpu", "max"),
            *("-smp", "1", "-m", f"{self.memory_mib}M"),
            *("-chardev", f"file,id=console,path={console}", "-serial", "chardev:console"),
            *("-netdev", f"dgram,id=trading,{ends}", "-device", nic),
            *("-kernel", str(self.kernel), "-initrd", str(self.initramfs), "-append", self.command_line),
        ]


class Running:
    """A started guest; `stop` ends it if it has not ended itself, the keeper if this process is killed before."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        keeper = [sys.executable, "-m", "qemu.keeper"]
        self._keeper = subprocess.Popen(
            keeper, stdin=subprocess.PIPE, env=python_environment(), start_new_session=True, text=True
        )
        self._tell_keeper(f"{self._process.pid}")

    def alive(self) -> bool:
        """Whether QEMU runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> int | None:
        """QEMU's exit status; None when it still runs after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> str:
        """End QEMU and return what it complained about."""
        if self.alive():
            self._process.kill()
            self._process.wait()
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._tell_keeper("done")
            self._keeper.stdin.close()
            self._keeper.wait()
        if self._process.stderr is None or self._process.stderr.closed:
            return ""
        with self._process.stderr as stream:
            return stream.read().strip()

    def _tell_keeper(self, line: str) -> None:
        if self._keeper.stdin is not None:
            self._keeper.stdin.write(f"{line}\n")
            self._keeper.stdin.flush()
