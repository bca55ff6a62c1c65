"""The compressed V2 encoding of an HDR histogram, and its base64 text (HdrHistogram, `encodeIntoCompressedByteBuffer`).

Outside: cookie, length, a zlib stream. In it: a header (`HEADER`), then the counts up to the last that is not 0 as
ZigZag LEB128 integers of at most 9 bytes; a negative one stands for so many zeros.
"""

import base64
import binascii
import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

from office.latency.buckets import Int64s, buckets
from office.latency.histogram import Histogram

COOKIE: Final = 0x1C849313
COMPRESSED_COOKIE: Final = 0x1C849314
OUTER: Final = struct.Struct(">II")
"""Cookie, bytes that follow."""
HEADER: Final = struct.Struct(">IIIIQQd")
"""Cookie, bytes of counts, normalizing index offset, digits, lowest, highest, ratio of integers to real values."""
MOST_VALUES: Final = (1 << 62) - 1
"""Most values in a histogram."""

_WORD_BITS: Final = 0xF0  # of a cookie; in V2 its lowest one alone says something, and not on decoding
_MOST_BYTES: Final = 9


class CodecError(ValueError):
    """Bytes or text are no encoded histogram; the text says why."""


def encode(histogram: Histogram) -> bytes:
    """The histogram, compressed."""
    payload = _pack(histogram.counts)
    layout = histogram.layout
    head = HEADER.pack(COOKIE, len(payload), 0, layout.digits, layout.lowest, layout.highest, 1.0)
    packed = zlib.compress(head + payload)
    return OUTER.pack(COMPRESSED_COOKIE, len(packed)) + packed


def decode(data: bytes) -> Histogram:
    """A histogram from its compressed encoding; CodecError for anything else. Extremes are those of the counts."""
    if len(data) < OUTER.size:
        raise CodecError(f"an encoded histogram has at least {OUTER.size} bytes, not {len(data)}")
    cookie, length = OUTER.unpack_from(data)
    if cookie | _WORD_BITS != COMPRESSED_COOKIE | _WORD_BITS:
        raise CodecError(f"no histogram in the compressed V2 encoding starts with {cookie:#010x}")
    if length != len(data) - OUTER.size:
        raise CodecError(f"the histogram has {len(data) - OUTER.size} bytes after its head, which says {length}")
    inflater = zlib.decompressobj()
    try:
        head = inflater.decompress(data[OUTER.size :], HEADER.size)
        return _decode(head, inflater)
    except zlib.error as error:
        raise CodecError(f"the histogram's zlib stream is damaged: {error}") from error


def encode_text(histogram: Histogram) -> str:
    """The compressed encoding in base64 (`HIST...`)."""
    return base64.b64encode(encode(histogram)).decode("ascii")


def decode_text(text: str) -> Histogram:
    """A histogram from base64; CodecError for anything else."""
    try:
        return decode(base64.b64decode(text, validate=True))
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        if isinstance(error, CodecError):
            raise
        raise CodecError(f"the histogram is no base64: {error}") from error


def _decode(head: bytes, inflater: "zlib._Decompress") -> Histogram:
    """The histogram of a header and what the stream still holds."""
    if len(head) < HEADER.size:
        raise CodecError(f"a histogram's header has {HEADER.size} bytes, not {len(head)}")
    cookie, length, offset, digits, lowest, highest, _ = HEADER.unpack(head)
    if cookie | _WORD_BITS != COOKIE | _WORD_BITS:
        raise CodecError(f"no V2 histogram starts with {cookie:#010x}")
    if offset:
        raise CodecError(f"a shifted histogram (normalizing index offset {offset}) is not supported")
    try:
        layout = buckets(lowest, highest, digits)
    except ValueError as error:
        raise CodecError(str(error)) from error
    # What the counts can take at most: a stream that blows up further is not inflated to its end.
    most = 9 * layout.size
    if length > most:
        raise CodecError(f"{layout.size} counts take at most {most} bytes, not {length}")
    payload = inflater.decompress(inflater.unconsumed_tail, length + 1)
    if len(payload) != length:
        raise CodecError(f"the header says {length} bytes of counts, there are {len(payload)}{'+' * bool(length)}")
    return Histogram.from_counts(layout, _unpack(payload, layout.size))


def _pack(counts: Int64s) -> bytes:
    """Counts as ZigZag LEB128, runs of zeros as their negative length."""
    used = np.flatnonzero(counts)
    gaps = np.diff(used, prepend=-1) - 1  # zeros in front of each
    words = np.empty(2 * len(used), dtype=np.uint64)
    words[1::2] = counts[used].astype(np.uint64) << np.uint64(1)
    words[0::2] = np.where(gaps > 1, 2 * gaps - 1, 0).astype(np.uint64)  # one zero stands for itself
    kept = np.ones(len(words), dtype=np.bool_)
    kept[0::2] = gaps > 0
    return _leb128(words[kept])


def _leb128(words: npt.NDArray[np.uint64]) -> bytes:
    """Words of 7 bits, lowest first, the highest bit set in all but the last; the ninth has 8 bits."""
    lengths = np.ones(len(words), dtype=np.int64)
    for place in range(1, _MOST_BYTES):
        lengths += words >= np.uint64(1) << np.uint64(7 * place)
    starts = np.cumsum(lengths) - lengths
    octets = np.zeros(int(lengths.sum()), dtype=np.uint8)
    for place in range(int(lengths.max()) if len(words) else 0):
        has = np.flatnonzero(lengths > place)
        rest = words[has] >> np.uint64(7 * place)
        more = (lengths[has] > place + 1).astype(np.uint64) << np.uint64(7)
        octets[starts[has] + place] = (rest & np.uint64(0x7F) | more if place < _MOST_BYTES - 1 else rest).astype(
            np.uint8
        )
    return octets.tobytes()


def _unpack(payload: bytes, size: int) -> Int64s:
    """The counts; CodecError when there are more than `size`, or the last number is cut off."""
    values = _words(np.frombuffer(payload, dtype=np.uint8))
    # The lowest number has no negative: one more than there is room for says enough.
    skipped = np.where(values < 0, np.minimum(-(values + 1), size) + 1, 1)
    amounts = np.maximum(values, 0)
    # A float tells whether the sum may be too large for 64 bits, and only then it is worth summing it exactly.
    if float(amounts.astype(np.float64).sum()) >= MOST_VALUES / 2 and (total := sum(amounts.tolist())) > MOST_VALUES:
        raise CodecError(f"the histogram has {total} values, at most {MOST_VALUES} are supported")
    if int(skipped.sum()) > size:
        raise CodecError(f"the histogram has more counts than its layout of {size}")
    counts = np.zeros(size, dtype=np.int64)
    ends = np.cumsum(skipped)
    counts[(ends - 1)[values > 0]] = values[values > 0]
    return counts


def _words(octets: npt.NDArray[np.uint8]) -> Int64s:
    """The signed numbers of a LEB128 stream; CodecError when the last one is cut off."""
    last = octets < 0x80
    starts = np.flatnonzero(np.concatenate(([True], last[:-1]))) if len(octets) else np.zeros(0, dtype=np.int64)
    lengths = np.diff(starts, append=len(octets))
    # A ninth byte ends its number whatever its highest bit says, which the marks above do not know.
    if len(lengths) and int(lengths.max()) >= _MOST_BYTES:
        starts, lengths = _long_words(octets.tolist())
    elif len(octets) and not last[-1]:
        raise CodecError("the histogram's last count is cut off")
    words = np.zeros(len(starts), dtype=np.uint64)
    for place in range(int(lengths.max()) if len(lengths) else 0):
        has = lengths > place
        taken = octets[starts[has] + place].astype(np.uint64)
        bits = taken if place == _MOST_BYTES - 1 else taken & np.uint64(0x7F)
        words[has] |= bits << np.uint64(7 * place)
    found: Int64s = (words >> np.uint64(1)).astype(np.int64) ^ -(words & np.uint64(1)).astype(np.int64)
    return found


def _long_words(octets: list[int]) -> tuple[Int64s, Int64s]:
    """Starts and lengths of numbers, where some have nine bytes."""
    starts, lengths = [], []
    at = 0
    while at < len(octets):
        length = next(
            (n for n in range(1, _MOST_BYTES) if at + n <= len(octets) and octets[at + n - 1] < 0x80), _MOST_BYTES
        )
        if at + length > len(octets):
            raise CodecError("the histogram's last count is cut off")
        starts.append(at)
        lengths.append(length)
        at += length
    return np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64)
