from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF

cdef extern from "Python.h":
    object _allocate "PyType_GenericAlloc"(PyTypeObject *kind, Py_ssize_t items)
    void _set_item "PyTuple_SET_ITEM"(object filled, Py_ssize_t at, object item)

cdef extern from *:
    uint16_t _swap16 "__builtin_bswap16"(uint16_t) noexcept nogil
    uint32_t _swap32 "__builtin_bswap32"(uint32_t) noexcept nogil

cdef inline const uint8_t *pointer(const uint8_t[::1] data) noexcept:
    return &data[0] if data.shape[0] else NULL

cdef inline uint32_t word16(const uint8_t *data, Py_ssize_t at, bint big) noexcept nogil:
    cdef uint16_t value
    memcpy(&value, data + at, 2)
    return _swap16(value) if big else value

cdef inline uint32_t word32(const uint8_t *data, Py_ssize_t at, bint big) noexcept nogil:
    cdef uint32_t value
    memcpy(&value, data + at, 4)
    return _swap32(value) if big else value

cdef inline void _put32(uint8_t *room, Py_ssize_t at, uint32_t value) noexcept nogil:
    memcpy(room + at, &value, 4)

cdef inline void put_enhanced(uint8_t *room, Py_ssize_t at, int64_t total, int64_t time, int64_t length) noexcept nogil:
    _put32(room, at, 6)
    _put32(room, at + 4, <uint32_t>total)
    _put32(room, at + 8, 0)
    _put32(room, at + 12, <uint32_t>(<uint64_t>time >> 32))
    _put32(room, at + 16, <uint32_t>time)
    _put32(room, at + 20, <uint32_t>length)
    _put32(room, at + 24, <uint32_t>length)

cdef inline void put_trailer(uint8_t *room, Py_ssize_t at, int64_t padding, int64_t direction, int64_t total) noexcept nogil:
    _put32(room, at, 0)
    _put32(room, at + padding, 0x00040002)
    _put32(room, at + padding + 4, <uint32_t>direction)
    _put32(room, at + padding + 8, 0)
    _put32(room, at + padding + 12, <uint32_t>total)

cdef inline void put_record(uint8_t *room, Py_ssize_t at, int64_t time, int64_t length) noexcept nogil:
    cdef uint64_t moment = <uint64_t>time
    _put32(room, at, <uint32_t>(moment // 1000000000))
    _put32(room, at + 4, <uint32_t>(moment % 1000000000))
    _put32(room, at + 8, <uint32_t>length)
    _put32(room, at + 12, <uint32_t>length)

cdef inline void put_bytes(uint8_t *room, Py_ssize_t at, const uint8_t *data, int64_t length) noexcept nogil:
    memcpy(room + at, data, length)

cdef inline object frame_of(make, int64_t time, int64_t link, const uint8_t *data, int64_t start, int64_t length):
    # What tuple's own constructor does for a subclass, without the tuple that it would copy from.
    cdef object moment = time
    cdef object number = link
    cdef object frame = PyBytes_FromStringAndSize(<const char *>(data + start), length)
    cdef object filled = _allocate(<PyTypeObject *>make, 3)
    Py_INCREF(moment)
    _set_item(filled, 0, moment)
    Py_INCREF(number)
    _set_item(filled, 1, number)
    Py_INCREF(frame)
    _set_item(filled, 2, frame)
    return filled
