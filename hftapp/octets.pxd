from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from *:
    uint16_t _swap16 "__builtin_bswap16"(uint16_t) noexcept nogil
    uint32_t _swap32 "__builtin_bswap32"(uint32_t) noexcept nogil
    uint64_t _swap64 "__builtin_bswap64"(uint64_t) noexcept nogil

cdef inline uint32_t be16(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    cdef uint16_t value
    memcpy(&value, data + at, 2)
    return _swap16(value)

cdef inline uint32_t be32(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    cdef uint32_t value
    memcpy(&value, data + at, 4)
    return _swap32(value)

cdef inline uint64_t be64(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    cdef uint64_t value
    memcpy(&value, data + at, 8)
    return _swap64(value)

cdef inline uint64_t be48(const uint8_t *data, Py_ssize_t at) noexcept nogil:
    return <uint64_t>be16(data, at) << 32 | be32(data, at + 2)

cdef inline void put16(uint8_t *room, Py_ssize_t at, uint32_t value) noexcept nogil:
    cdef uint16_t swapped = _swap16(<uint16_t>value)
    memcpy(room + at, &swapped, 2)

cdef inline void put32(uint8_t *room, Py_ssize_t at, uint32_t value) noexcept nogil:
    cdef uint32_t swapped = _swap32(value)
    memcpy(room + at, &swapped, 4)

cdef inline void put64(uint8_t *room, Py_ssize_t at, uint64_t value) noexcept nogil:
    cdef uint64_t swapped = _swap64(value)
    memcpy(room + at, &swapped, 8)

cdef inline void put48(uint8_t *room, Py_ssize_t at, uint64_t value) noexcept nogil:
    put16(room, at, <uint32_t>(value >> 32))
    put32(room, at + 2, <uint32_t>value)

cdef inline void copy(uint8_t *room, Py_ssize_t to, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    memcpy(room + to, data + at, length)

cdef inline bint equal(const uint8_t *one, Py_ssize_t at, const uint8_t *other, Py_ssize_t start, Py_ssize_t length) noexcept nogil:
    return memcmp(one + at, other + start, length) == 0
