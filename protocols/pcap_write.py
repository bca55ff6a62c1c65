"""Writes frames as pcapng with nanosecond time stamps (draft-ietf-opsawg-pcapng: §4.1, §4.2, §4.3).

One file holds one interface. Each packet says whether it came in from the port or went out to it.
"""

import struct
from pathlib import Path
from types import TracebackType
from typing import Self

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE = 1
_ENHANCED_PACKET = 6
_LINKTYPE_ETHERNET = 1
_OPTION_IF_NAME = 2
_OPTION_IF_TSRESOL = 9
_OPTION_EPB_FLAGS = 2
INBOUND, OUTBOUND = 1, 2
"""Directions (draft §4.3.1)."""
_BUFFER = 1 << 20


class PcapngWriter:
    """A capture of one port. Time stamps are nanoseconds since 1970. Raises OSError when it cannot be written."""

    def __init__(self, path: Path, interface: str) -> None:
        self.path = path
        self._file = path.open("wb", buffering=_BUFFER)
        self._file.write(_block(_SECTION_HEADER, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        options = _option(_OPTION_IF_NAME, interface.encode()) + _option(_OPTION_IF_TSRESOL, b"\x09") + bytes(4)
        self._file.write(_block(_INTERFACE, struct.pack("<HHI", _LINKTYPE_ETHERNET, 0, 0) + options))
        self._trailer = {
            direction: struct.pack("<HHII", _OPTION_EPB_FLAGS, 4, direction, 0) for direction in (INBOUND, OUTBOUND)
        }

    def write(self, direction: int, frame: bytes, time_ns: int) -> None:
        """Append one frame, `INBOUND` or `OUTBOUND`."""
        length = len(frame)
        padding = -length % 4
        total = 32 + length + padding + 12
        self._file.write(
            struct.pack("<IIIIIII", _ENHANCED_PACKET, total, 0, time_ns >> 32, time_ns & 0xFFFFFFFF, length, length)
            + frame
            + bytes(padding)
            + self._trailer[direction]
            + struct.pack("<I", total)
        )

    def flush(self) -> None:
        """Hand everything written so far to the kernel."""
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _block(kind: int, body: bytes) -> bytes:
    total = 12 + len(body)
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
