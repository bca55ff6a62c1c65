"""Where the kernel tells about this machine's disks, and reading what it tells."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Host:
    """The folders that are read; tests give others."""

    sys: Path = Path("/sys")
    proc: Path = Path("/proc")
    udev: Path = Path("/run/udev/data")

    def processes(self) -> Iterator[Path]:
        """The folder of every process in procfs, this one's first."""
        yield self.proc / "self"
        for folder in sorted(self.proc.iterdir(), key=lambda path: path.name):
            if folder.name.isdecimal():
                yield folder


def text(path: Path) -> str:
    """A file of one value, stripped; empty when it is not there, unreadable or no text."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
    except OSError:
        return ""


def unescaped(word: str) -> str:
    """A word of mountinfo or swaps, in which blanks are octal (proc(5)): `/mnt/my\\040disk`."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), word)
