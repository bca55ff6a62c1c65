"""Sequence number arithmetic (RFC 9293 §3.4); compiled, the functions are inlined from `sequence.pxd`."""


def seq_add(sequence: int, count: int) -> int:
    """Return the sequence number `count` bytes later, modulo 2**32."""
    return (sequence + count) & 0xFFFFFFFF


def seq_diff(left: int, right: int) -> int:
    """Return left - right as a signed distance, -2**31..2**31-1: positive when `left` is later."""
    return ((left - right + 0x80000000) & 0xFFFFFFFF) - 0x80000000
