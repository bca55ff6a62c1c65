cimport cython
from libc.stdint cimport int64_t, uint64_t

cdef class Random64:
    cdef public uint64_t state
    cdef uint64_t _multiplier
    cdef uint64_t _mask
    cdef double _unit

    @cython.locals(x=uint64_t)
    cpdef uint64_t bits(self)
    cpdef double random(self)
    cpdef int64_t below(self, int64_t n)
    cpdef double exponential(self)
