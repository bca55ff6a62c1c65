cimport cython
from libc.stdint cimport int64_t

from exchange.flow.random64 cimport Random64

cdef class AliasTable:
    cdef int64_t _size
    cdef list _keep
    cdef list _other

    @cython.locals(draw=double, at=int64_t, keep=double, other=int64_t)
    cpdef int64_t pick(self, Random64 rng)
