from cpython.buffer cimport PyBUF_WRITABLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cdef extern from *:
    """
    static inline uint32_t hftos_acquire32(const uint8_t *word) {
        return __atomic_load_n((const uint32_t *)word, __ATOMIC_ACQUIRE);
    }
    static inline void hftos_release32(uint8_t *word, uint32_t value) {
        __atomic_store_n((uint32_t *)word, value, __ATOMIC_RELEASE);
    }
    """
    uint32_t hftos_acquire32(const uint8_t *word) noexcept nogil
    void hftos_release32(uint8_t *word, uint32_t value) noexcept nogil

cdef inline uint8_t *base(object memory) except NULL:
    cdef Py_buffer buffer
    cdef uint8_t *found
    PyObject_GetBuffer(memory, &buffer, PyBUF_WRITABLE)
    found = <uint8_t *>buffer.buf
    PyBuffer_Release(&buffer)
    return found

cdef inline uint8_t *part(uint8_t *area, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    return area + at

cdef inline uint32_t word16(const uint8_t *area, Py_ssize_t at) noexcept nogil:
    return area[at] | <uint32_t>area[at + 1] << 8

cdef inline uint32_t word32(const uint8_t *area, Py_ssize_t at) noexcept nogil:
    cdef uint32_t value
    memcpy(&value, area + at, 4)
    return value

cdef inline uint64_t word64(const uint8_t *area, Py_ssize_t at) noexcept nogil:
    cdef uint64_t value
    memcpy(&value, area + at, 8)
    return value

cdef inline void put_word32(uint8_t *area, Py_ssize_t at, uint32_t value) noexcept nogil:
    memcpy(area + at, &value, 4)

cdef inline uint32_t acquire32(const uint8_t *area, Py_ssize_t at) noexcept nogil:
    return hftos_acquire32(area + at)

cdef inline void release32(uint8_t *area, Py_ssize_t at, uint32_t value) noexcept nogil:
    hftos_release32(area + at, value)

cdef inline void move(uint8_t *area, Py_ssize_t to, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    cdef uint8_t *target = area + to
    cdef const uint8_t *source = area + at
    memcpy_overlapping(target, source, length)

cdef extern from "string.h":
    void *memcpy_overlapping "memmove"(void *to, const void *source, size_t length) noexcept nogil
