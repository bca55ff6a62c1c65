"""SoupBinTCP 3.00 packets by the batch (§3): unsequenced data in, sequenced data out, without an object for each.

As with requests, the fast path may only accept: it stops at the first packet that is not whole unsequenced data, and
leaves that one to `protocols.soup`.
"""

from __future__ import annotations

_UNSEQUENCED, _SEQUENCED = b"US"


def split_unsequenced(data: bytes, max_length: int, payloads: list[bytes]) -> int:
    """Append the payloads of the whole `U` packets that ``data`` begins with; returns where the next packet begins.

    ``max_length`` bounds the length field: type and payload.
    """
    at, size = 0, len(data)
    while size - at >= 3:
        length = data[at] << 8 | data[at + 1]
        end = at + 2 + length
        if data[at + 2] != _UNSEQUENCED or length < 1 or length > max_length or end > size:
            break
        payloads.append(data[at + 3 : end])
        at = end
    return at


def may_continue(rest: bytes, max_length: int) -> bool:
    """Whether ``rest`` can still become an unsequenced packet when more bytes come."""
    if len(rest) < 2:
        return True
    length = rest[0] << 8 | rest[1]
    return 1 <= length <= max_length and (len(rest) == 2 or rest[2] == _UNSEQUENCED)


def sequenced(messages: list[bytes]) -> bytes:
    """The `S` packets of messages (each shorter than 65,535 bytes), one behind the other."""
    packets = bytearray()
    head = bytearray(3)
    head[2] = _SEQUENCED
    for message in messages:
        length = len(message) + 1
        head[0] = length >> 8
        head[1] = length & 0xFF
        packets += head
        packets += message
    return bytes(packets)
