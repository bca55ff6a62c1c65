"""A capture that goes on in a new file when one is full: `trader.pcapng`, `trader.1.pcapng`, `trader.2.pcapng`, ...

Each file is whole by itself: it begins with its own section and interface. What is full: so many bytes, or so much time
since the file's first packet.
"""

import re
from pathlib import Path
from typing import Final

from protocols.pcap_write import PcapngWriter, header

ROTATE_BYTES: Final = 256 << 20
"""Bytes of a file, unless told otherwise."""
LEAST_BYTES: Final = 1 << 16
"""No file may be smaller: it holds at least a frame, and a folder not too many files."""


class RotatingWriter:
    """As `PcapngWriter`, in several files; `files` counts them. `rotate_ns` 0: time alone fills no file.

    Files of an earlier capture with the same name are removed. Raises OSError, ValueError for limits that are too low.
    """

    def __init__(self, path: Path, interface: str, rotate_bytes: int = ROTATE_BYTES, rotate_ns: int = 0) -> None:
        if rotate_bytes < LEAST_BYTES or rotate_ns < 0:
            raise ValueError(f"rotate at {rotate_bytes} bytes, {rotate_ns} ns: at least {LEAST_BYTES} bytes, 0 ns")
        for old in files(path):
            old.unlink()
        self.path = path
        self.files = 1
        self._interface = interface
        self._bytes, self._ns = rotate_bytes, rotate_ns
        self._empty = len(header(interface))
        self._begun = 0
        self._writer = PcapngWriter(path, interface)

    def write(self, direction: int, frame: bytes, time_ns: int) -> None:
        """Append one frame; the file that it would overfill is finished first."""
        writer = self._writer
        if writer.size == self._empty:
            self._begun = time_ns
        elif writer.size + len(frame) + 48 > self._bytes or 0 < self._ns <= time_ns - self._begun:
            writer = self._next()
            self._begun = time_ns
        writer.write(direction, frame, time_ns)

    def flush(self) -> None:
        """Hand everything written so far to the kernel."""
        self._writer.flush()

    def close(self) -> None:
        """Finish the last file."""
        self._writer.close()

    def _next(self) -> PcapngWriter:
        # The next file first: where it cannot be had, what comes is refused, and is tried again with the one after.
        finished, self._writer = self._writer, PcapngWriter(_numbered(self.path, self.files), self._interface)
        self.files += 1
        finished.close()
        return self._writer


def files(path: Path) -> list[Path]:
    """The files of a capture that begins with `path`, in their order; none when there is no such capture."""
    pattern = re.compile(rf"{re.escape(path.stem)}\.([1-9]\d*){re.escape(path.suffix)}")
    found = [path] if path.is_file() else []
    if not path.parent.is_dir():
        return found
    numbered = [
        (int(match[1]), other)
        for other in path.parent.iterdir()
        if (match := pattern.fullmatch(other.name)) and other.is_file()
    ]
    return found + [other for _, other in sorted(numbered)]


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")
