"""A machine that runs the echo harness, and the other end of its trading card's cable: no switch, no namespaces."""

import contextlib
import json
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image import build as builder
from qemu import plan
from qemu.accel import Accelerator
from qemu.machine import DirectBoot, Machine, Nic

_TYPE = b"\x88\xb5"
_OURS = bytes.fromhex("020000000001")
_THEIRS = bytes.fromhex(plan.TRADER_MAC.replace(":", ""))
_KNOCK = 0.25  # seconds between frames to a machine that is still booting
_ANSWER = 20.0  # seconds for an answer, on a host that is busy with other things
_BOOT = 240.0


@dataclass
class Echoed:
    """What came of it: frames answered and lost, the harness's own result, the console."""

    answered: int = 0
    lost: int = 0
    result: dict[str, Any] = field(default_factory=dict)
    console: str = ""


def run(
    built: builder.Built,
    accelerator: Accelerator,
    directory: Path,
    *,
    arguments: str,
    model: str = "virtio",
    iommu: bool = True,
) -> Echoed:
    """Boot, send numbered frames one by one until the harness has answered all it wanted, and read its result."""
    before, dashes, after = built.cmdline.read_text().strip().partition(" -- ")
    boot = DirectBoot(built.kernel, built.initramfs, f"{before} hftos.harness=echo,{arguments}{dashes}{after}")
    nics = tuple(
        Nic(name, mac, directory / f"{name}.qemu", directory / f"{name}.wire", kind)
        for name, mac, kind in ((plan.TRADER, plan.TRADER_MAC, model), (plan.SERVER, plan.SERVER_MAC, "virtio"))
    )
    machine = Machine(accelerator, boot, nics, directory / "console", directory / "qmp", iommu=iommu)
    found = Echoed()
    with contextlib.ExitStack() as stack:
        cables = []
        for nic in nics:
            cable = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            cable.bind(str(nic.remote))
            cables.append(cable)
        monitor = stack.enter_context(socket.socket(socket.AF_UNIX))
        monitor.bind(str(directory / "qmp"))
        monitor.listen()
        guest = stack.enter_context(subprocess.Popen(machine.argv()))
        stack.callback(guest.kill)
        _converse(guest, cables[0], nics[0].local, found)
        guest.wait(60)
    found.console = (directory / "console").read_text(errors="replace")
    lines = [line for line in found.console.splitlines() if line.startswith("hftos: result ")]
    found.result = json.loads(lines[0].removeprefix("hftos: result ")) if lines else {}
    return found


def _converse(guest: "subprocess.Popen[bytes]", cable: socket.socket, peer: Path, found: Echoed) -> None:
    end = time.monotonic() + _BOOT
    number = 0
    while guest.poll() is None and time.monotonic() < end:
        frame = _THEIRS + _OURS + _TYPE + number.to_bytes(8, "big") + bytes(60)
        try:
            cable.sendto(frame, str(peer))
        except OSError:  # QEMU has not opened its end yet, or not any more
            with contextlib.suppress(subprocess.TimeoutExpired):
                guest.wait(_KNOCK)
            continue
        cable.settimeout(_ANSWER if number else _KNOCK)
        wanted = _OURS + _THEIRS + frame[12:]
        try:
            while cable.recv(4096) != wanted:
                pass  # the answer to an earlier knock, or a frame of the guest's own
        except TimeoutError:
            if number and guest.poll() is None:
                found.lost += 1
                return
            continue
        found.answered += 1
        number += 1
