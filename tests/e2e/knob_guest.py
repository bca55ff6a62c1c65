"""Runs a scenario on the image with other rows of the tuning catalogue, and another command line, than it has.

A program of its own, as `hftos run` is: `python -m tests.e2e.knob_guest JSON`, whose report is its output.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from image import build as builder
from image.resolved import GUEST_FILE
from qemu import accel, report
from qemu.evidence import gather
from qemu.namespaces import enter_user_namespace, may_create
from qemu.progress import ConsoleProgress
from qemu.runner import run
from qemu.scenario import Image, Scenario
from rootfs import cpio


def image(asked: dict[str, Any]) -> Image:
    """The image with `rows` (a file) for PID 1, and with `cmdline`: a second archive replaces files of the first."""
    folder = builder.OUTPUT
    names = ("vmlinuz", "initramfs.cpio.zst", "hftos.efi", "hftos.img")
    kernel, initramfs, uki, disk = (folder / name for name in names)
    changed = Path(asked["directory"]) / "knobs.cpio"
    changed.parent.mkdir(parents=True, exist_ok=True)
    rows = cpio.file(GUEST_FILE, Path(asked["rows"]).read_bytes())
    changed.write_bytes(cpio.appended(initramfs.read_bytes(), [rows]))
    return Image(kernel, changed, uki, disk, asked["cmdline"])


def main() -> None:
    """`directory`, `rows`, `cmdline`, `config` (a file, or null): boot it for a short run."""
    asked = json.loads(sys.argv[1])
    config = Path(asked["config"]) if asked["config"] else None
    scenario = Scenario(Path(asked["directory"]), seconds=4.0, config=config)
    changed = image(asked)
    if not may_create():
        enter_user_namespace()
    with ConsoleProgress(Console(stderr=True)) as progress:
        outcome = asyncio.run(run(scenario, changed, accel.find(changed.kernel), progress))
    found = report.assemble(scenario, changed, outcome, gather(scenario))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
