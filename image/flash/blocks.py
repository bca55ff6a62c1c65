"""The tree of block devices as sysfs has it: disks, their partitions, and what is built on either.

Everything is known by its number (`8:17`): names of devices may be links, and differ between containers.
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from image.flash.host import Host, text

_SECTOR = 512  # the unit of `size`, whatever the disk's own is (Documentation/ABI/stable/sysfs-block)


@dataclass(frozen=True, slots=True)
class Block:
    """A disk, a partition, or what is built on them: its folder in sysfs, resolved."""

    folder: Path

    @property
    def name(self) -> str:
        """The kernel's name: `sda`, `nvme0n1p2`, `dm-0`."""
        return self.folder.name.replace("!", "/")

    @property
    def number(self) -> str:
        """Major and minor number: `8:17`."""
        return self.attribute("dev")

    @property
    def bytes(self) -> int:
        """Capacity; 0 without a medium."""
        return int(self.attribute("size") or 0) * _SECTOR

    @property
    def is_partition(self) -> bool:
        """Whether it is a part of another device."""
        return (self.folder / "partition").exists()

    @property
    def label(self) -> str:
        """The name with what a device mapper calls it: `dm-0 (vg-root)`."""
        mapped = self.attribute("dm/name")
        return f"{self.name} ({mapped})" if mapped else self.name

    def attribute(self, name: str) -> str:
        """A file of sysfs in its folder; empty when there is none."""
        return text(self.folder / name)

    def disk(self) -> "Block":
        """The device it is a part of, or itself."""
        return Block(self.folder.parent) if self.is_partition else self

    def partitions(self) -> list["Block"]:
        """Its parts, by name."""
        found = [Block(path.parent) for path in self.folder.glob("*/partition")]
        return sorted(found, key=lambda block: int(block.attribute("partition") or 0))

    def holders(self) -> list["Block"]:
        """What is built directly on it: device mapper, md, bcache."""
        return [Block(path.resolve()) for path in sorted((self.folder / "holders").glob("*"))]

    def slaves(self) -> list["Block"]:
        """What it is directly built on."""
        return [Block(path.resolve()) for path in sorted((self.folder / "slaves").glob("*"))]


def find(host: Host, number: str) -> Block | None:
    """The device of this number; None when the kernel has none."""
    link = host.sys / "dev/block" / number
    return Block(link.resolve()) if link.exists() else None


def disks(host: Host) -> list[Block]:
    """Every device that is no partition, by name, without those that the kernel hides.

    A hidden one has no node in /dev: a single path to an NVMe disk that has several (sysfs-block, `hidden`).
    """
    found = [Block(path.resolve()) for path in sorted((host.sys / "block").glob("*"))]
    return [block for block in found if block.attribute("hidden") != "1"]


def loops_on(host: Host, numbers: Iterable[str] = (), file: os.stat_result | None = None) -> list[Block]:
    """Loop devices whose backing file is one of these devices, or the regular file."""
    wanted, found = set(numbers), []
    for path in sorted((host.sys / "block").glob("*/loop/backing_file")):
        try:
            backing = Path(text(path)).stat()
        except OSError:
            continue  # deleted, or seen from another root: then nobody can name it as the target either
        on_device = stat.S_ISBLK(backing.st_mode) and number_of(backing.st_rdev) in wanted
        on_file = file is not None and os.path.samestat(backing, file)
        if on_device or on_file:
            found.append(Block(path.parent.parent.resolve()))
    return found


def family(host: Host, start: Iterable[Block]) -> dict[str, Block]:
    """The given devices, their partitions, and all that is built on any of these, by number."""
    found: dict[str, Block] = {}
    queue = list(start)
    while queue:
        block = queue.pop()
        if block.number in found:
            continue
        found[block.number] = block
        queue += [*block.partitions(), *block.holders(), *loops_on(host, [block.number])]
    return found


def foundations(host: Host, block: Block) -> dict[str, Block]:
    """The disks that a device lies on, itself included if it is one: through partitions, md, device mapper, loops."""
    found: dict[str, Block] = {}
    seen: set[Path] = set()
    queue = [block]
    while queue:
        block = queue.pop()
        if block.folder in seen:
            continue
        seen.add(block.folder)
        if block.is_partition:
            queue.append(block.disk())
            continue
        found[block.number] = block
        queue += block.slaves()
        queue += _under_loop(host, block)
    return found


def backing_file(block: Block) -> os.stat_result | None:
    """The regular file that a loop device shows; None for any other device, or a file that cannot be found."""
    status = _backing(block)
    return status if status is not None and stat.S_ISREG(status.st_mode) else None


def number_of(device: int) -> str:
    """`st_dev` or `st_rdev` as sysfs writes it."""
    return f"{os.major(device)}:{os.minor(device)}"


def _under_loop(host: Host, block: Block) -> list[Block]:
    """Where a loop device's backing file is: the device it is, or the one of its file system."""
    status = _backing(block)
    if status is None:
        return []
    device = status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev
    under = find(host, number_of(device))
    return [under] if under else []


def _backing(block: Block) -> os.stat_result | None:
    path = block.attribute("loop/backing_file")
    try:
        return Path(path).stat() if path else None
    except OSError:
        return None
