cimport cython
from libc.stdint cimport int64_t

cdef int64_t _GRANULARITY, _FALLBACK

cdef class RtoEstimator:
    cdef readonly int64_t smoothed
    cdef readonly int64_t variance
    cdef readonly int64_t rto
    cdef int64_t _initial
    cdef int64_t _minimum
    cdef int64_t _maximum

    @cython.locals(error=int64_t, spread=int64_t)
    cpdef sample(self, int64_t rtt)
    cpdef backoff(self)
    cpdef after_syn_timeout(self)
    cdef void _set(self, int64_t rto) noexcept
