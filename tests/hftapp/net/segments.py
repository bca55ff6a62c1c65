"""TCP segments as named tuples: the tests' own reading and writing, which shares nothing with the code under test."""

import struct
from typing import Final, NamedTuple

from hftapp.net.checksum import checksum, word_sum

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
HEADER_SIZE: Final = 20
MAX_WINDOW_SHIFT: Final = 14

_HEADER = struct.Struct("!HHIIBBHHH")
_END, _NOP, _MSS, _WINDOW_SCALE, _SACK_PERMITTED, _SACK = 0, 1, 2, 3, 4, 5


class Segment(NamedTuple):
    """A segment without its ports. `mss` 0 and `window_shift` -1 mean that the option was not there.

    `sack` holds (first, past the last) sequence numbers of data that waits beyond a hole.
    """

    sequence: int
    acknowledgement: int
    flags: int
    window: int
    mss: int
    window_shift: int
    data: bytes
    sack_permitted: bool = False
    sack: tuple[tuple[int, int], ...] = ()

    @property
    def length(self) -> int:
        """Sequence numbers that the segment takes: its data, and one each for SYN and FIN."""
        return len(self.data) + (self.flags & FIN) + (self.flags >> 1 & 1)


def decode(frame: bytes, start: int, end: int) -> Segment | None:
    """Return the segment in `frame[start:end]`, None when lengths or options are impossible.

    The caller has verified the checksum.
    """
    if end - start < HEADER_SIZE:
        return None
    _, _, sequence, acknowledgement, offset, flags, window, _, _ = _HEADER.unpack_from(frame, start)
    size = (offset >> 4) * 4
    if size < HEADER_SIZE or start + size > end:
        return None
    mss, shift, permitted = 0, -1, False
    sack: tuple[tuple[int, int], ...] = ()
    if size > HEADER_SIZE:
        options = _options(frame[start + HEADER_SIZE : start + size])
        if options is None:
            return None
        mss, shift, permitted, sack = options
    return Segment(
        sequence, acknowledgement, flags & 0x3F, window, mss, shift, frame[start + size : end], permitted, sack
    )


def _options(raw: bytes) -> tuple[int, int, bool, tuple[tuple[int, int], ...]] | None:
    """Return MSS, shift, SACK permitted and blocks; None when a length is impossible (RFC 9293 §3.2, MUST-7)."""
    mss, shift, permitted, index = 0, -1, False, 0
    sack: tuple[tuple[int, int], ...] = ()
    while index < len(raw):
        kind = raw[index]
        if kind == _END:
            break
        if kind == _NOP:
            index += 1
            continue
        if index + 1 >= len(raw):
            return None
        size = raw[index + 1]
        if size < 2 or index + size > len(raw):
            return None
        if kind == _MSS and size == 4:
            mss = int.from_bytes(raw[index + 2 : index + 4], "big")
        elif kind == _WINDOW_SCALE and size == 3:
            shift = min(raw[index + 2], MAX_WINDOW_SHIFT)
        elif kind == _SACK_PERMITTED and size == 2:
            permitted = True
        elif kind == _SACK:
            sack = tuple(struct.iter_unpack("!II", raw[index + 2 : index + size]))
        index += size
    return mss, shift, permitted, sack


def encode(source_port: int, destination_port: int, segment: Segment, pseudo: int) -> bytes:
    """Return the bytes of a segment with checksum; `pseudo` is `checksum.pseudo_header_sum` of the addresses."""
    options = b""
    if segment.mss:
        options = struct.pack("!BBH", _MSS, 4, segment.mss)
    if segment.window_shift >= 0:
        options += struct.pack("!BBBB", _NOP, _WINDOW_SCALE, 3, segment.window_shift)
    if segment.sack_permitted:
        options += struct.pack("!BBBB", _NOP, _NOP, _SACK_PERMITTED, 2)
    if segment.sack:
        options += struct.pack("!BBBB", _NOP, _NOP, _SACK, 2 + 8 * len(segment.sack))
        options += b"".join(struct.pack("!II", *block) for block in segment.sack)
    size = HEADER_SIZE + len(options)
    head = _HEADER.pack(
        source_port,
        destination_port,
        segment.sequence,
        segment.acknowledgement,
        size << 2,
        segment.flags,
        segment.window,
        0,
        0,
    )
    raw = head + options + segment.data
    value = checksum(word_sum(raw) + pseudo + len(raw))
    return raw[:16] + value.to_bytes(2, "big") + raw[18:]
