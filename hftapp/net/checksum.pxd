from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    uint64_t _swapped "__builtin_bswap64"(uint64_t) noexcept nogil

cdef inline uint64_t _plus(uint64_t total, uint64_t words) noexcept nogil:
    # The carry comes in again at the other end: an addition of 64 bits is four of 16 bits (RFC 1071 §2 C).
    total += words
    return total + (total < words)

cdef inline uint64_t _folded(uint64_t total) noexcept nogil:
    # The words were little-endian: swapping the bytes of their sum is as good as swapping theirs (RFC 1071 §2 B).
    total = _swapped(total)
    return (total >> 32) + <uint32_t>total

cdef inline uint64_t ones_sum(const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    cdef uint64_t total = 0, word
    cdef const uint8_t *place = data + at
    cdef const uint8_t *end = place + length
    if length < 8:
        while end > place:
            end -= 1
            total = total << 8 | end[0]
        return _folded(total)
    while end - place >= 32:
        memcpy(&word, place, 8)
        total = _plus(total, word)
        memcpy(&word, place + 8, 8)
        total = _plus(total, word)
        memcpy(&word, place + 16, 8)
        total = _plus(total, word)
        memcpy(&word, place + 24, 8)
        total = _plus(total, word)
        place += 32
    while end - place >= 8:
        memcpy(&word, place, 8)
        total = _plus(total, word)
        place += 8
    if end > place:  # the last bytes, out of the 8 that end with them
        memcpy(&word, end - 8, 8)
        total = _plus(total, word >> <int>(64 - 8 * (end - place)))
    return _folded(total)

cdef inline uint64_t sum20(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    cdef uint64_t total, word
    cdef uint32_t last
    memcpy(&total, data + at, 8)
    memcpy(&word, data + at + 8, 8)
    memcpy(&last, data + at + 16, 4)
    return _folded(_plus(_plus(total, word), last))

cdef inline uint32_t checksum(uint64_t total) noexcept nogil:
    cdef uint32_t rest = total % 0xFFFF
    return 0xFFFF - rest if rest else 0

cdef inline bytes bytes_at(const uint8_t *data, Py_ssize_t at, Py_ssize_t length):
    return PyBytes_FromStringAndSize(<const char *>data + at, length)
