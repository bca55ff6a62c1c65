"""A guest under `-icount shift=0,sleep=off`: one instruction is one nanosecond of its time, and of its TSC."""

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.lockstep import job
from qemu.children import Keeper

QEMU = "qemu-system-x86_64"
ICOUNT = ("-icount", "shift=0,sleep=off")
"""`sleep=off`: an idle guest's time jumps to its next timer."""
_GATE: Final = ("/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh")
"""Becomes the command after it once a line comes, and ends if none can come any more."""


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
    """A started guest; `stop` ends it if it has not ended itself, the keeper if this process is killed before.

    The keeper then removes the `folder` of the guest's sockets too. QEMU does not begin before the keeper knows it, so
    at no moment does it outlive us.
    """

    def __init__(self, argv: Sequence[str], folder: Path | None = None) -> None:
        with ExitStack() as undo:
            self._keeper = Keeper()
            undo.callback(self._keeper.dismiss)
            if folder is not None:
                self._keeper.remove(folder)
            self._process = subprocess.Popen(
                [*_GATE, *argv], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            undo.callback(self.stop)
            self._keeper.end(self._process.pid)
            if self._process.stdin is not None:
                self._process.stdin.write("\n")
                self._process.stdin.close()
            undo.pop_all()

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
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._keeper.dismiss()
        if self._process.stderr is None or self._process.stderr.closed:
            return ""
        with self._process.stderr as stream:
            return stream.read().strip()
