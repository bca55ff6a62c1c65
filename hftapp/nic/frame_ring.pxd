cimport cython
from libc.stdint cimport int32_t, uint8_t

from hftapp.nic.area cimport base, part
from hftapp.octets cimport copy

cdef class FrameRing:
    cdef readonly Py_ssize_t capacity
    cdef readonly Py_ssize_t waiting
    cdef bytearray _store
    cdef uint8_t *_slots
    cdef int32_t[::1] _lengths
    cdef Py_ssize_t _first
    cdef Py_ssize_t _mask

    cdef bint append(self, const uint8_t *frame, Py_ssize_t length) noexcept
    cdef uint8_t *room(self) noexcept
    cdef bint commit(self, Py_ssize_t length) noexcept
    @cython.locals(slot=Py_ssize_t)
    cdef uint8_t *frame(self, Py_ssize_t i) noexcept
    cdef Py_ssize_t length(self, Py_ssize_t i) noexcept
    cdef void release(self, Py_ssize_t count) noexcept
