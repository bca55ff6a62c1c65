"""Finds in an account's stream what the client called an order that is long gone.

The stream is the memory: nothing has to be kept in case that an execution is broken later in the day. The UserRefNums
of one channel only grow along the stream, so the search halves it.
"""

from __future__ import annotations

from protocols.soup_server import SequencedStream

_CHUNK = 256
# Where `A` and `U` have the UserRefNum, the ClOrdID and the appendage (OUCH 5.0 §5.3).
_PLACES = {ord("A"): (9, 48, 64), ord("U"): (13, 52, 68)}
_INDEX_TAG = 28


def cl_ord_id_of(stream: SequencedStream, token: int) -> bytes:
    """The ClOrdID (14 bytes) with which an order was accepted; KeyError when the stream does not know the order."""
    ref, index = token & 0xFFFF_FFFF, token >> 32
    low, high = 1, stream.next_sequence
    while low < high:
        middle = (low + high) >> 1
        found = _first_from(stream, middle, high, index)
        if found is None:
            high = middle
            continue
        number, seen, cl_ord_id = found
        if seen == ref:
            return cl_ord_id
        if seen > ref:
            high = middle
        else:
            low = number + 1
    found = _first_from(stream, low, stream.next_sequence, index)
    if found is None or found[1] != ref:
        raise KeyError(f"no order {ref} of channel {index} was accepted in this stream")
    return found[2]


def _first_from(stream: SequencedStream, first: int, end: int, index: int) -> tuple[int, int, bytes] | None:
    """The first accepted order of a channel from message ``first`` on, before ``end``: number, UserRefNum, ClOrdID."""
    while first < end:
        messages = stream.read(first, min(_CHUNK, end - first))
        if not messages:
            return None
        for number, message in enumerate(messages, first):
            places = _PLACES.get(message[0])
            if places is None:
                continue
            ref_at, id_at, options_at = places
            if _index_in(message[options_at:]) == index:
                return number, int.from_bytes(message[ref_at : ref_at + 4], "big"), message[id_at : id_at + 14]
        first += len(messages)
    return None


def _index_in(options: bytes) -> int:
    at = 0
    while at < len(options):
        if options[at + 1] == _INDEX_TAG:
            return options[at + 2]
        at += 1 + options[at]
    return 0
