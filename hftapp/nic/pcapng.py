"""Writes Ethernet frames as pcapng with nanosecond time stamps (draft-ietf-opsawg-pcapng: §4.1, §4.2, §4.3)."""

import struct
from pathlib import Path
from typing import Final

INBOUND, OUTBOUND = 1, 2
"""Directions (draft §4.3.1)."""

_SECTION_HEADER: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_ENHANCED_PACKET: Final = 6
_LINKTYPE_ETHERNET: Final = 1
_OPTION_IF_NAME: Final = 2
_OPTION_IF_TSRESOL: Final = 9
_OPTION_EPB_FLAGS: Final = 2
_BUFFER: Final = 1 << 20


class PcapngWriter:
    """A capture file of one interface. Raises OSError when it cannot be written."""

    def __init__(self, path: Path, interface: str) -> None:
        self._file = path.open("wb", buffering=_BUFFER)
        self._file.write(_block(_SECTION_HEADER, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        options = _option(_OPTION_IF_NAME, interface.encode()) + _option(_OPTION_IF_TSRESOL, b"\x09") + bytes(4)
        self._file.write(_block(_INTERFACE, struct.pack("<HHI", _LINKTYPE_ETHERNET, 0, 0) + options))

    def write(self, direction: int, frame: bytes, time: int) -> None:
        """Append a frame; `time` in ns since 1970."""
        length = len(frame)
        body = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, length, length) + frame + bytes(-length % 4)
        flags = _option(_OPTION_EPB_FLAGS, struct.pack("<I", direction)) + bytes(4)
        self._file.write(_block(_ENHANCED_PACKET, body + flags))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _block(kind: int, body: bytes) -> bytes:
    total = 12 + len(body)
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
