cimport cython
from libc.stdint cimport int64_t

cdef int64_t _INITIAL_SEGMENTS, _DUPLICATES

cdef class NewReno:
    cdef public int64_t mss
    cdef public int64_t window
    cdef public int64_t threshold
    cdef public int64_t duplicates
    cdef public bint recovering

    cpdef set_mss(self, int64_t mss)
    cpdef int64_t allowance(self) noexcept
    @cython.locals(growth=int64_t)
    cpdef on_progress(self, int64_t acked)
    cpdef bint on_duplicate(self) noexcept
    cpdef enter_recovery(self, int64_t in_flight)
    cpdef on_partial(self, int64_t acked)
    cpdef leave_recovery(self, int64_t in_flight)
    cpdef on_timeout(self, int64_t in_flight, bint first)
    cdef void _halve(self, int64_t in_flight) noexcept
