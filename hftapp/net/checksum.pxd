from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    ctypedef unsigned long long _uint128 "unsigned __int128"
    uint64_t _swapped "__builtin_bswap64"(uint64_t) noexcept nogil

cdef inline uint64_t _folded(uint64_t total) noexcept nogil:
    # The words were little-endian: swapping the bytes of their sum is as good as swapping theirs (RFC 1071 §2 B).
    total = _swapped(total)
    return (total >> 32) + <uint32_t>total

# Words of 64 bits are four of 16 bits (RFC 1071 §2 C); what they carry is counted in the upper half, and comes in at the end.
cdef inline uint64_t raw_sum(const uint8_t *data, Py_ssize_t at, Py_ssize_t length, uint64_t more) noexcept nogil:
    cdef _uint128 total = more
    cdef uint64_t word, carried
    cdef const uint8_t *place = data + at
    cdef Py_ssize_t rest = length & 31
    cdef const uint8_t *end = place + (length - rest)
    while place != end:
        memcpy(&word, place, 8)
        total += word
        memcpy(&word, place + 8, 8)
        total += word
        memcpy(&word, place + 16, 8)
        total += word
        memcpy(&word, place + 24, 8)
        total += word
        place += 32
    if rest & 16:
        memcpy(&word, place, 8)
        total += word
        memcpy(&word, place + 8, 8)
        total += word
        place += 16
    if rest & 8:
        memcpy(&word, place, 8)
        total += word
        place += 8
    rest &= 7
    if rest:  # the last bytes, out of the 8 that end with them
        memcpy(&word, place + rest - 8, 8)
        total += word >> <int>(64 - 8 * rest)
    word = <uint64_t>total
    carried = <uint64_t>(total >> 64)
    word += carried
    return word + (word < carried)

cdef inline uint64_t ones_sum(const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    return _folded(raw_sum(data, at, length, 0))

cdef inline uint64_t sum20(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    return _folded(raw_sum(data, at, 20, 0))

cdef inline uint32_t checksum(uint64_t total) noexcept nogil:
    cdef uint32_t rest = total % 0xFFFF
    return 0xFFFF - rest if rest else 0

cdef inline bytes bytes_at(const uint8_t *data, Py_ssize_t at, Py_ssize_t length):
    return PyBytes_FromStringAndSize(<const char *>data + at, length)
