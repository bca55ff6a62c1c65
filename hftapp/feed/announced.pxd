cimport cython
from libc.stdint cimport int64_t

cdef int _MAX


cdef class Announced:
    cdef readonly int count
    cdef int64_t[::1] _number
    cdef int64_t[::1] _since

    cdef int64_t number(self) noexcept
    cdef int64_t since(self) noexcept
    cdef void add(self, int64_t number, int64_t now) noexcept
    @cython.locals(gone=int, i=int)
    cdef void prune(self, int64_t expected) noexcept
