"""The Internet checksum (RFC 1071).

The one's complement sum of 16-bit words equals the whole number modulo 65,535 (2**16 = 1 there), so one
big-integer operation replaces a loop over words: the fastest form an interpreter has. Compiled, `ones_sum` and those
after it are inlined from `checksum.pxd` and add 8 bytes at a time.
"""

from hftapp.octets import Octets, Room


def word_sum(data: bytes) -> int:
    """Return the one's complement sum of big-endian 16-bit words, 0..65534; odd data is padded with a zero."""
    if len(data) & 1:
        return (int.from_bytes(data, "big") << 8) % 0xFFFF
    return int.from_bytes(data, "big") % 0xFFFF


def pseudo_header_sum(source: int, destination: int, protocol: int) -> int:
    """Return the word sum of the IPv4 pseudo-header without the length, which the caller adds (RFC 9293 §3.1)."""
    return (source + destination + protocol) % 0xFFFF


def raw_sum(data: Octets, at: int, length: int, more: int) -> int:
    """Return `more` and the sum of `length` bytes at an offset as little-endian words, modulo 65,535; not reduced.

    It is 0 where `word_sum` is (RFC 1071 §2 B). Compiled, the 8 bytes that end with the last one are read: there are
    headers in front. `more` has at most 63 bits.
    """
    return more + int.from_bytes(data[at : at + length], "little") % 0xFFFF


def ones_sum(data: Octets, at: int, length: int) -> int:
    """Return a number that is `word_sum` of `length` bytes at an offset, modulo 65,535; compiled it is not reduced.

    What holds for `raw_sum` holds here too.
    """
    return word_sum(bytes(data[at : at + length]))


def sum20(data: Octets, at: int) -> int:
    """Return `ones_sum` of 20 bytes: an IPv4 header without options."""
    return word_sum(bytes(data[at : at + 20]))


def checksum(total: int) -> int:
    """Return the checksum field for a word sum (any number of word sums added), 0..65534."""
    return -total % 0xFFFF


def put_checksum(room: Room, at: int, total: int) -> None:
    """Write the checksum field for a `raw_sum` (RFC 1071 §2 B: the order of bytes is that of the words added)."""
    room[at : at + 2] = (-total % 0xFFFF).to_bytes(2, "little")


def bytes_at(data: Octets, at: int, length: int) -> bytes:
    """Return a copy of `length` bytes at an offset; not for the path."""
    return bytes(data[at : at + length])
