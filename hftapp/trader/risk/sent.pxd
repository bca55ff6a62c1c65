import cython

from libc.stdint cimport int32_t, int64_t

cdef enum:
    _SECOND = 1_000_000_000
    _HASH = 0x5851F42D
    _TIME = 0
    _PLACE = 1
    _TERMS = 2
    _BEFORE = 3

cdef class SentOrders:
    cdef readonly int venue
    cdef readonly int64_t limit
    cdef int64_t mask
    cdef int64_t next
    cdef int64_t[::1] log
    cdef int64_t _first
    cdef int64_t[::1] _heads
    cdef int32_t[::1] _counts

    cpdef bint full(self, int64_t now) noexcept
    @cython.locals(sequence=int64_t, at=int64_t)
    cpdef int64_t has(self, int64_t place, int64_t terms, int64_t since) noexcept
    @cython.locals(head=int64_t, before=int64_t, first=int64_t, at=int64_t)
    cpdef bint add(self, int64_t place, int64_t terms, int64_t since, int64_t now) noexcept
    @cython.locals(first=int64_t)
    cpdef void expire(self, int64_t now) noexcept
