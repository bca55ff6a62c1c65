cimport cython
from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    ctypedef unsigned long long _uint128 "unsigned __int128"
    uint64_t _tsc "__builtin_ia32_rdtsc"() noexcept nogil

cdef extern from "<time.h>" nogil:
    ctypedef int clockid_t
    cdef struct timespec:
        long tv_sec
        long tv_nsec
    int clock_gettime(clockid_t, timespec *) noexcept
    clockid_t _MONOTONIC "CLOCK_MONOTONIC"

cdef inline int64_t _read_tsc() noexcept nogil:
    return <int64_t>_tsc()

cdef inline int64_t _read_monotonic() noexcept nogil:
    cdef timespec at
    clock_gettime(_MONOTONIC, &at)
    return <int64_t>at.tv_sec * 1_000_000_000 + at.tv_nsec

cdef inline int64_t _scaled(int64_t ticks, int64_t multiplier) noexcept nogil:
    cdef _uint128 product = <_uint128>ticks
    product = product * <uint64_t>multiplier
    return <int64_t>(product >> 32)

cdef int64_t _FARTHEST, _SETTLE

cdef class Timescale:
    cdef int64_t _origin
    cdef int64_t _base
    cdef int64_t _multiplier
    cdef int64_t _nominal
    cdef readonly int64_t ticks_per_second

    cpdef int64_t at(self, int64_t ticks) noexcept
    @cython.locals(error=int64_t, step=int64_t)
    cpdef adjust(self, int64_t ticks, int64_t ns, int64_t present)

cdef class Clock:
    cdef readonly bint tsc
    cdef readonly str source
    cdef readonly bint standing
    cdef public int64_t time
    cdef readonly Timescale scale

    cpdef int64_t now(self) noexcept
    cpdef int64_t ticks(self) noexcept
    cpdef adjust(self, int64_t ticks, int64_t ns)
    cpdef bint follow(self, object reference) except -1
