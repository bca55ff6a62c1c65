"""TCP segments (RFC 9293 §3.1): what is in a received one, and the bytes of those that need no connection."""

from __future__ import annotations

import struct
from typing import Final

import cython

from hftapp.net.checksum import word_sum
from hftapp.octets import Octets

if not cython.compiled:
    from hftapp.net.checksum import checksum
    from hftapp.net.sequence import seq_add
    from hftapp.octets import be16, be32

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
HEADER_SIZE: Final = 20
DEFAULT_MSS: Final = 536
"""The peer's limit when its SYN names none (RFC 9293 §3.7.1)."""
MAX_WINDOW_SHIFT: Final = 14
MAX_SACK_BLOCKS: Final = 4
"""As many as the 40 bytes of options hold (RFC 2018 §3)."""
_END, _NOP, _MSS, _WINDOW_SCALE, _SACK_PERMITTED = 0, 1, 2, 3, 4


@cython.final
@cython.cclass
class Segment:
    """A received segment, read in place: `data_length` bytes of data at `data_at` of `frame`.

    `mss` 0 and `window_shift` -1 mean that the option was not there. One object serves for all segments.
    """

    def __init__(self) -> None:
        self.sequence = self.acknowledgement = self.flags = self.window = 0
        self.mss = 0
        self.window_shift = -1
        self.sack_permitted = False
        self.data_at = self.data_length = 0
        if not cython.compiled:  # a pointer to nothing otherwise
            self.frame: Octets = b""

    def read(self, frame: Octets, start: int, end: int) -> bool:
        """Take the segment from `start` to `end`; False when lengths or options are impossible.

        The caller has verified the checksum.
        """
        if end - start < 20:
            return False
        size = (frame[start + 12] >> 4) * 4
        if size < 20 or start + size > end:
            return False
        self.sequence = be32(frame, start + 4)
        self.acknowledgement = be32(frame, start + 8)
        self.flags = frame[start + 13] & 0x3F
        self.window = be16(frame, start + 14)
        self.mss = 0
        self.window_shift = -1
        self.sack_permitted = False
        self.frame = frame
        self.data_at = start + size
        self.data_length = end - start - size
        return size == 20 or self._read_options(frame, start + 20, start + size)

    def length(self) -> int:
        """Sequence numbers that the segment takes: its data, and one each for SYN and FIN."""
        return self.data_length + (self.flags & 1) + (self.flags >> 1 & 1)

    def _read_options(self, frame: Octets, at: int, end: int) -> bool:
        """Take the options; False when a length is impossible (RFC 9293 §3.2, MUST-7)."""
        while at < end:
            kind = frame[at]
            if kind == _END:
                break
            if kind == _NOP:
                at += 1
                continue
            if at + 1 >= end:
                return False
            size = frame[at + 1]
            if size < 2 or at + size > end:
                return False
            if kind == _MSS and size == 4:
                self.mss = be16(frame, at + 2)
            elif kind == _WINDOW_SCALE and size == 3:
                self.window_shift = frame[at + 2] if frame[at + 2] < 14 else 14
            elif kind == _SACK_PERMITTED and size == 2:
                self.sack_permitted = True
            at += size
        return True


def syn_options(mss: int, shift: int, sack_permitted: bool) -> bytes:
    """Return the options of a SYN; `shift` below 0 leaves the window scale out."""
    options = struct.pack("!BBH", _MSS, 4, mss)
    if shift >= 0:
        options += struct.pack("!BBBB", _NOP, _WINDOW_SCALE, 3, shift)
    if sack_permitted:
        options += struct.pack("!BBBB", _NOP, _NOP, _SACK_PERMITTED, 2)
    return options


def reset_for(segment: Segment) -> tuple[int, int, int]:
    """Return (sequence, acknowledgement, flags) of the RST that answers a segment (RFC 9293 §3.10.7.1)."""
    if segment.flags & ACK:
        return segment.acknowledgement, 0, RST
    return 0, seq_add(segment.sequence, segment.length()), RST | ACK


def encode_reset(source_port: int, destination_port: int, segment: Segment, pseudo: int) -> bytes:
    """Return the bytes of `reset_for` a segment; `pseudo` is `checksum.pseudo_header_sum` of the addresses."""
    sequence, acknowledgement, flags = reset_for(segment)
    fields = (source_port, destination_port, sequence, acknowledgement, HEADER_SIZE << 2, flags)
    raw = struct.pack("!HHIIBB6x", *fields)
    return raw[:16] + struct.pack("!HH", checksum(word_sum(raw) + pseudo + HEADER_SIZE), 0)
