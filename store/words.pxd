from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    uint16_t _swap16 "__builtin_bswap16"(uint16_t) noexcept nogil
    uint32_t _swap32 "__builtin_bswap32"(uint32_t) noexcept nogil
    uint64_t _swap64 "__builtin_bswap64"(uint64_t) noexcept nogil

cdef inline const uint8_t *pointer(const uint8_t[::1] data) noexcept:
    return &data[0] if data.shape[0] else NULL

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

cdef inline bytes text(const uint8_t *data, Py_ssize_t at, Py_ssize_t length):
    return PyBytes_FromStringAndSize(<const char *>data + at, length)
