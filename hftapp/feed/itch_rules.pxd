cimport cython
from libc.stdint cimport uint8_t

cdef int _CLASS


cdef class ItchRules:
    cdef int[::1] sizes
    cdef int[::1] _first
    cdef int[::1] _rules
    cdef uint8_t[::1] _allowed

    @cython.locals(kind=int, i=int, place=Py_ssize_t, end=Py_ssize_t, table=int)
    cdef bint valid(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
