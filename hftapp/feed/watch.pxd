cimport cython
from libc.stdint cimport int64_t

from hftapp.feed.arbiter cimport Arbiter

cdef int _WRONG_SESSION


cdef class FeedWatch:
    cdef readonly bint silent
    cdef readonly int64_t silences
    cdef readonly list line_silences
    cdef Arbiter _arbiter
    cdef int64_t _timeout
    cdef int64_t _start
    cdef object _say
    cdef bint _quiet_a
    cdef bint _quiet_b
    cdef int64_t _foreign

    @cython.locals(arbiter=Arbiter, quiet=bint, changed=bint)
    cpdef bint check(self, int64_t now) except -1
    cdef bint _late(self, int64_t last, int64_t now) noexcept
    cdef str _reason(self)
    @cython.locals(quiet=bint)
    cdef _lines(self, int64_t now)
    cdef _line(self, int line, bint quiet)
