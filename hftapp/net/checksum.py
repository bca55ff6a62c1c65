"""The Internet checksum (RFC 1071).

The one's complement sum of 16-bit words equals the whole number modulo 65,535 (2**16 = 1 there), so one
big-integer operation replaces a loop over words: the fastest form an interpreter has.
"""


def word_sum(data: bytes) -> int:
    """Return the one's complement sum of big-endian 16-bit words, 0..65534; odd data is padded with a zero."""
    if len(data) & 1:
        return (int.from_bytes(data, "big") << 8) % 0xFFFF
    return int.from_bytes(data, "big") % 0xFFFF


def checksum(total: int) -> int:
    """Return the checksum field for a word sum (any number of word sums added), 0..65534."""
    return -total % 0xFFFF


def pseudo_header_sum(source: int, destination: int, protocol: int) -> int:
    """Return the word sum of the IPv4 pseudo-header without the length, which the caller adds (RFC 9293 §3.1)."""
    return (source + destination + protocol) % 0xFFFF
