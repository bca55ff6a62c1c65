"""Who uses a disk: file systems, swap, what is built on it, loop devices, processes that write to it."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from image.flash import blocks, mounts
from image.flash.blocks import Block
from image.flash.host import Host, text

# Mount points without which this machine would not run or not start again.
SYSTEM = ("/", "/boot", "/boot/efi", "/efi", "/usr", "/var")

Node = tuple[int, int | None]
"""The number of a device, or device and inode of a file."""


@dataclass(frozen=True, slots=True)
class Users:
    """Each a list of words for people; all empty: nobody uses it.

    `system` has the mount points of the running system that lie on the disk, `mounted` all others, `holders` what is
    built on it, `writers` the processes that have it, or a part of it, open for writing.
    """

    system: tuple[str, ...] = ()
    mounted: tuple[str, ...] = ()
    swaps: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()


def of_disk(host: Host, disk: Block) -> Users:
    """The users of a disk, of its partitions and of everything built on either; of a loop device also its file's."""
    file = blocks.backing_file(disk)
    others = [] if file is None else blocks.loops_on(host, file=file)
    family = blocks.family(host, [disk, *others])
    parts = {disk.number, *(part.number for part in disk.partitions())}
    nodes: list[Node] = [(os.makedev(*map(int, number.split(":"))), None) for number in family]
    nodes += [] if file is None else [(file.st_dev, file.st_ino)]
    return _users(host, family, [block.label for number, block in family.items() if number not in parts], nodes)


def of_file(host: Host, file: os.stat_result) -> Users:
    """The users of a regular file: loop devices attached to it with all that is on them, and writers."""
    loops = blocks.loops_on(host, file=file)
    family = blocks.family(host, loops)
    return _users(host, family, [block.label for block in family.values()], [(file.st_dev, file.st_ino)])


def _users(host: Host, family: dict[str, Block], holders: list[str], nodes: list[Node]) -> Users:
    found = list(mounts.mounts(host))
    system = tuple(_system(host, found, family))
    return Users(
        system=system,
        mounted=tuple(_mounted(host, found, family, system)),
        swaps=tuple(swap.path for swap in mounts.swaps(host) if swap.number in family),
        holders=tuple(sorted(holders)),
        writers=tuple(_writers(host, set(nodes))),
    )


def _mounted(
    host: Host, found: Iterable[mounts.Mount], family: dict[str, Block], system: tuple[str, ...]
) -> Iterator[str]:
    """All other mount points, those of other namespaces where they are not this one's too."""
    known = set(system)
    for mount in found:
        if mount.place not in known and mounts.numbers(host, mount) & family.keys():
            known.add(mount.place)
            yield mount.where


def _system(host: Host, found: Iterable[mounts.Mount], family: dict[str, Block]) -> Iterator[str]:
    """The system's mount points on it, also where they are reached through a loop device or an array."""
    for mount in found:
        if mount.process or mount.place not in SYSTEM:
            continue
        numbers = mounts.numbers(host, mount)
        under = {
            number
            for own in numbers
            if (block := blocks.find(host, own)) is not None
            for number in blocks.foundations(host, block)
        }
        if (numbers | under) & family.keys():
            yield mount.place


def _writers(host: Host, nodes: set[Node]) -> Iterator[str]:
    """`qemu-system-x86 (pid 814)` for each process with one of these open for writing.

    Readers do no harm and are left out.
    """
    own = str(os.getpid())
    for process in host.processes():
        if process.name in ("self", own):
            continue
        if any(_is_written(process, descriptor, nodes) for descriptor in _descriptors(process)):
            yield f"{text(process / 'comm')} (pid {process.name})"


def _descriptors(process: Path) -> list[Path]:
    try:
        return sorted((process / "fd").iterdir())
    except OSError:
        return []  # it has ended, or is another user's


def _is_written(process: Path, descriptor: Path, nodes: set[Node]) -> bool:
    try:
        status = descriptor.stat()
    except OSError:
        return False
    block = stat.S_ISBLK(status.st_mode)
    if ((status.st_rdev, None) if block else (status.st_dev, status.st_ino)) not in nodes:
        return False
    lines = text(process / "fdinfo" / descriptor.name).splitlines()
    flags = next((line.split()[1] for line in lines if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
