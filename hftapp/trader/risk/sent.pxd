import cython

from libc.stdint cimport int32_t, int64_t

from hftapp.trader.risk.packing cimport chain_of

cdef enum:
    _SECOND = 1_000_000_000
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
    cdef int64_t[::1] heads
    cdef readonly int64_t newest
    cdef readonly int64_t full_until
    cdef int64_t _first
    cdef int32_t[::1] _counts

    cpdef bint full(self, int64_t now) noexcept
    @cython.locals(sequence=int64_t, at=int64_t)
    cpdef int64_t has(self, int64_t place, int64_t terms, int64_t since) noexcept
    @cython.locals(head=int64_t, first=int64_t, at=int64_t)
    cpdef void add(self, int64_t place, int64_t terms, int64_t now) noexcept
    @cython.locals(first=int64_t)
    cpdef void expire(self, int64_t now) noexcept
