"""Which accelerator runs guests here. A `/dev/kvm` may exist and yet run no ordinary guest, so one is started.

The probe's guest is the kernel in question, which must come up; without one, a boot sector that the ordinary firmware
loads: it goes to 64-bit mode, runs some instructions and ends QEMU through the debug-exit port. (There are hosts where
the latter runs and the former does not.) HFTOS_ACCEL=kvm or =tcg decides
without a probe. The answer is kept for the process, and a probed one per kernel and boot of this host in
`${XDG_CACHE_HOME:-~/.cache}/hftos/accel.json`, so that it costs its seconds once.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from image import cache as products

QEMU = "qemu-system-x86_64"
OVERRIDE = "HFTOS_ACCEL"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_ARGUMENTS = {"kvm": ("-accel", "kvm"), "tcg": ("-accel", "tcg,thread=multi")}
NOT_QUOTABLE: Final = {"kvm": "a virtual machine", "tcg": "emulated"}
"""Why wall-clock times of a guest may not be quoted as those of hardware, by the accelerator's name. Under KVM its CPUs
are threads that nothing pins: the host preempts them, and each exit to it takes its time out of the guest's."""
_SECTOR_SECONDS = 6.0
_KERNEL_SECONDS = 5.0  # emulation needs about one: what takes longer is no help
_DEBUG_EXIT = 33  # the port gives (0x10 << 1) | 1
_DISK_BYTES = 1 << 20

# 16-bit code at 0x7C00 that builds one 2 MiB identity page, enters long mode (AMD64 vol. 2 §14.6), reads CPUID leaf
# 16, runs a loop of 100,000 turns, and writes 0x10 to port 0xF4:
#   cli; zero segments; rep stosw tables at 0x1000; CR4.PAE; CR3=0x1000; EFER.LME; CR0.PG|PE; lgdt; ljmp 8:long
_BOOT_SECTOR = bytes.fromhex(
    "fa31c08ed88ec08ed0bc007cbf0010b90018fcf3ab66c70600100320000066c70600200330000066c7060030830000000f20e06683c8"
    "200f22e066b8001000000f22d866b9800000c00f32660d000100000f300f20c0660d010000800f22c0660f0116987c66ea6d7c000008"
    "00b8100000000fa2b9a086010001c8e2fcb010e6f4f4ebfd0f1f4000000000000000000000000000009a20000f00887c0000"
)


@dataclass(frozen=True, slots=True)
class Accelerator:
    """The accelerator ("kvm" or "tcg") and why it was taken."""

    name: str
    reason: str

    @property
    def not_quotable(self) -> str:
        """Why wall-clock times under it may not be quoted; there is no accelerator under which they may."""
        return NOT_QUOTABLE[self.name]

    def argv(self) -> list[str]:
        """QEMU's arguments; emulation gets a host thread per CPU."""
        return list(_ARGUMENTS[self.name])


@cache
def find(kernel: Path | None = None) -> Accelerator:
    """The accelerator to use, with the reason; with `kernel` the probe boots that kernel, and no boot sector."""
    forced = os.environ.get(OVERRIDE)
    if forced is not None:
        if forced not in _ARGUMENTS:
            raise ValueError(f"{OVERRIDE} is {forced!r}: must be kvm or tcg")
        return Accelerator(forced, f"{OVERRIDE}={forced}")
    device = Path("/dev/kvm")
    if kernel is None or not os.access(device, os.R_OK | os.W_OK):
        return decide(device, kernel, runs_boot_sector, runs_kernel)
    return remembered(cache_file(), kernel, lambda: decide(device, kernel, runs_boot_sector, runs_kernel))


def cache_file() -> Path:
    """Where probed answers are kept."""
    return products.root() / "accel.json"


def remembered(path: Path, kernel: Path, probe: Callable[[], Accelerator]) -> Accelerator:
    """The answer that an earlier probe of this very kernel gave since this host booted; else probe, and keep it."""
    with kernel.open("rb") as file:
        key = {"boot": _BOOT_ID.read_text().strip(), "kernel": hashlib.file_digest(file, "sha256").hexdigest()}
    try:
        kept = json.loads(path.read_text())
        if {name: kept[name] for name in key} == key and kept["name"] in _ARGUMENTS:
            return Accelerator(kept["name"], f"{kept['reason']} (probed earlier since this host's boot)")
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing kept, or nothing to rely on
    found = probe()
    with contextlib.suppress(OSError):  # a cache that cannot be written costs the next run its seconds
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(key | {"name": found.name, "reason": found.reason}) + "\n")
        draft.replace(path)
    return found


def decide(
    device: Path, kernel: Path | None, sector: Callable[[str], str | None], boot: Callable[[str, Path], str | None]
) -> Accelerator:
    """KVM when its device can be opened and the probe (None = ran, else the reason) succeeds; else emulation."""
    if not os.access(device, os.R_OK | os.W_OK):
        missing = "cannot be opened by this user" if device.exists() else "does not exist"
        return Accelerator("tcg", f"{device} {missing}")
    failure = sector("kvm") if kernel is None else boot("kvm", kernel)
    if failure is not None:
        return Accelerator("tcg", f"{device} exists, but a guest does not run: {failure}")
    return Accelerator("kvm", "a guest ran to its end under KVM")


def runs_boot_sector(name: str) -> str | None:
    """Run the boot sector under an accelerator; None when it came to its end, else what happened."""
    with tempfile.NamedTemporaryFile(prefix="hftos-probe-", suffix=".img") as disk:
        disk.write(_BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa" + bytes(_DISK_BYTES - 512))
        disk.flush()
        drive = ["-drive", f"file={disk.name},format=raw,if=ide,snapshot=on"]
        debug_exit = ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
        status, text = _run([*_machine(name), *drive, *debug_exit], _SECTOR_SECONDS)
    if status == _DEBUG_EXIT:
        return None
    how = f"did not end within {_SECTOR_SECONDS:.0f} s" if status is None else f"ended with status {status}"
    return f"the boot sector {how}{text}"


def runs_kernel(name: str, kernel: Path) -> str | None:
    """Boot a kernel without a root: it must get as far as its own panic, which reboots. None when it did."""
    with tempfile.TemporaryDirectory(prefix="hftos-probe-") as folder:
        console = Path(folder) / "console"
        arguments = ["-kernel", str(kernel), "-append", "console=ttyS0 panic=-1 root=none"]
        began = time.monotonic()
        status, text = _run([*_machine(name), *arguments, "-serial", f"file:{console}"], _KERNEL_SECONDS)
        said = console.read_text(errors="replace") if console.exists() else ""
    if status == 0 and "Kernel panic" in said:
        return None
    if status is None:
        return f"the kernel was not up within {_KERNEL_SECONDS:.0f} s and {_said(said)}"
    return f"QEMU ended with status {status} after {time.monotonic() - began:.1f} s; the kernel {_said(said)}{text}"


def _machine(name: str) -> list[str]:
    """A small machine like the real one: same chipset, same CPU model, two CPUs."""
    head = [QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot"]
    return [*head, "-machine", "q35", *_ARGUMENTS[name], "-cpu", "max", "-smp", "2", "-m", "256M"]


def _run(arguments: list[str], seconds: float) -> tuple[int | None, str]:
    """Exit status (None: still running when its time was over) and what QEMU complained about."""
    try:
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return None, ""
    except FileNotFoundError:
        return 127, f": {QEMU} is not installed (package qemu-system-x86)"
    words = done.stderr.decode(errors="replace").split()
    return done.returncode, ": " + " ".join(words) if words else ""


def _said(console: str) -> str:
    lines = console.split("\n")[:-1]
    return f"had said {len(lines)} lines on its console" if lines else "had said nothing on its console"
