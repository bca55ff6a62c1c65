"""Mounts and swap areas of the whole machine: also those of other mount namespaces, where containers have theirs."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from image.flash.blocks import number_of
from image.flash.host import Host, text, unescaped


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of mountinfo. `number` is its device's, `0:…` where a file system has none of its own; `process` is the
    pid in whose namespace it was found, empty for this one's."""

    number: str
    place: str
    source: str
    process: str = ""

    @property
    def where(self) -> str:
        """The place, and in whose namespace."""
        return f"{self.place} (as process {self.process} sees it)" if self.process else self.place


@dataclass(frozen=True, slots=True)
class Swap:
    """A line of /proc/swaps: the file or device, and the number of the device it is or lies on."""

    path: str
    number: str


def mounts(host: Host) -> list[Mount]:
    """Every mount that can be seen, each namespace once. Without root, other users' namespaces cannot."""
    found: list[Mount] = []
    known: set[str] = set()
    for process in host.processes():
        try:
            namespace = str((process / "ns/mnt").readlink())
        except OSError:
            continue  # the process has ended, is a kernel thread's or another user's
        if namespace not in known:
            known.add(namespace)
            found += _parse(text(process / "mountinfo"), "" if process.name == "self" else process.name)
    return found


def swaps(host: Host) -> list[Swap]:
    """Swap areas in use."""
    return [Swap(path, _number(path)) for path in _first_words(text(host.proc / "swaps"))]


def numbers(host: Host, mount: Mount) -> set[str]:
    """The devices of a mount. A btrfs has an anonymous number, but names a source and lists its devices in sysfs."""
    found = {mount.number}
    for source in mount.source.split(":"):
        if source.startswith("/") and (number := _device_number(source)):
            found.add(number)
    for listed in (host.sys / "fs/btrfs").glob("*/devices"):
        devices = {text(device / "dev") for device in listed.iterdir()}
        if devices & found:
            found |= devices
    return found


def _parse(table: str, process: str) -> Iterator[Mount]:
    """proc_pid_mountinfo(5): id, parent, number, root, place, options, optional fields, `-`, type, source, options."""
    for line in table.splitlines():
        left, dash, right = line.partition(" - ")
        words, rest = left.split(), right.split()
        if dash and len(words) >= 5 and len(rest) >= 2:
            yield Mount(words[2], unescaped(words[4]), unescaped(rest[1]), process)


def _first_words(table: str) -> Iterator[str]:
    for line in table.splitlines()[1:]:
        if words := line.split():
            yield unescaped(words[0])


def _number(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError:
        return ""
    return number_of(status.st_rdev if stat.S_ISBLK(status.st_mode) else status.st_dev)


def _device_number(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError:
        return ""
    return number_of(status.st_rdev) if stat.S_ISBLK(status.st_mode) else ""
