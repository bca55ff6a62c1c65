"""Machines as sysfs and procfs show them, for disks that the machine of a test has not."""

import os
from pathlib import Path

from image.flash.host import Host

NAMESPACE = "mnt:[4026531840]"


class Machine:
    """Folders that are filled with disks, what is built on them, and mounts."""

    def __init__(self, root: Path) -> None:
        self.host = Host(root / "sys", root / "proc", root / "udev")
        for folder in (self.host.sys / "dev/block", self.host.sys / "block", self.host.udev):
            folder.mkdir(parents=True)
        self.process("self", [])
        (self.host.proc / "swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n")

    def block(self, place: str, number: str, **attributes: str) -> Path:
        """A device of 1 GiB at `place` below /sys/devices, whose attributes have `/` written as `__`."""
        folder = self.host.sys / "devices" / place
        folder.mkdir(parents=True)
        given = {
            "dev": number,
            "size": str((1 << 30) // 512),
            "ro": "0",
            "queue__logical_block_size": "512",
        } | attributes
        for name, value in given.items():
            self.attribute(folder, name.replace("__", "/"), value)
        (self.host.sys / "dev/block" / number).symlink_to(folder)
        if "partition" not in attributes:
            (self.host.sys / "block" / folder.name).symlink_to(folder)
        return folder

    def attribute(self, folder: Path, name: str, value: str | bytes) -> None:
        """One more file of a device."""
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value if isinstance(value, bytes) else value.encode() + b"\n")

    def builds(self, upper: Path, *lower: Path) -> None:
        """`upper` is built on `lower`, as an array on its members."""
        for folder in lower:
            for place, name, target in ((folder, "holders", upper), (upper, "slaves", folder)):
                (place / name).mkdir(exist_ok=True)
                (place / name / target.name).symlink_to(target)

    def process(self, pid: str, lines: list[str], namespace: str = NAMESPACE) -> Path:
        """A process whose mountinfo has these lines."""
        folder = self.host.proc / pid
        (folder / "ns").mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(folder / "ns/mnt"):
            (folder / "ns/mnt").symlink_to(namespace)
        (folder / "mountinfo").write_text("".join(line + "\n" for line in lines))
        (folder / "comm").write_text("program\n")
        return folder


def mount(number: str, place: str, source: str = "none", kind: str = "ext4") -> str:
    """A line of mountinfo."""
    return f"24 1 {number} / {place} rw,relatime shared:1 - {kind} {source} rw"
