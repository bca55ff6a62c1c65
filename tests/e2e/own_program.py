"""Boots an image with a program of the test's own in the trader's place, a harness (`hftapp.harness`)."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from image import build as builder
from qemu.accel import Accelerator
from qemu.machine import DirectBoot, Machine
from rootfs import cpio

ALONE = '[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\naddress = ""\noffice = ""\n'
"""The configuration of a machine without cards."""
_SECONDS = 300


def boot(
    image: builder.Built,
    accelerator: Accelerator,
    folder: Path,
    program: str,
    *,
    arguments: str = "",
    parameters: str = "",
    configuration: str = ALONE,
    initramfs: bytes = b"",
    devices: Sequence[str] = (),
    cpus: int = 2,
    sockets: int = 1,
) -> str:
    """The console, when the machine has ended. `arguments`: the program's, `parameters`: more for the kernel."""
    files = [
        cpio.file("usr/lib/python3.13/hftapp/harness/own.py", program.encode()),
        cpio.file("etc/hftos.toml", configuration.encode()),
    ]
    (folder / "initramfs").write_bytes((initramfs or image.initramfs.read_bytes()) + cpio.write(files))
    before, dashes, after = image.cmdline.read_text().strip().partition(" -- ")
    asked = ",".join(filter(None, ("own", arguments)))
    line = " ".join(filter(None, (before, parameters, f"hftos.harness={asked}"))) + dashes + after
    machine = Machine(
        accelerator,
        DirectBoot(image.kernel, folder / "initramfs", line),
        (),
        folder / "console",
        folder / "qmp",
        cpus=cpus,
        memory_mib=1024,
        sockets=sockets,
    )
    argv = [word.replace(f"path={folder}/qmp", f"path={folder}/qmp,server=on,wait=off") for word in machine.argv()]
    subprocess.run([*argv, *devices], check=True, timeout=_SECONDS)
    return (folder / "console").read_text(errors="replace")
