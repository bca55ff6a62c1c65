cimport cython
from libc.stdint cimport int64_t

cdef int64_t _NEVER

cdef class KeepAlive:
    cdef readonly int64_t deadline
    cdef readonly int probes
    cdef int64_t _idle
    cdef int64_t _interval
    cdef int _limit
    cdef int64_t _heard

    cdef void start(self, int64_t now) noexcept
    cdef void stop(self) noexcept
    cdef void heard(self, int64_t now) noexcept
    @cython.locals(due=int64_t)
    cdef int on_timer(self, int64_t now, bint busy) noexcept
