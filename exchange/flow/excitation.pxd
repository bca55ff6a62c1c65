cimport cython
from libc.stdint cimport int64_t

from exchange.flow.random64 cimport Random64

cdef class Excitation:
    cdef public double decay
    cdef int64_t _window
    cdef list _sums
    cdef list _items
    cdef int64_t _count
    cdef double _last
    cdef double _floor
    cdef double _epoch
    cdef double _latest

    @cython.locals(total=double)
    cpdef double at(self, double time)
    @cython.locals(slot=int64_t)
    cpdef add(self, double time, double mark, int64_t item)
    @cython.locals(sought=double, low=int64_t, high=int64_t, middle=int64_t)
    cpdef int64_t draw(self, Random64 rng)
    @cython.locals(factor=double, floor=double)
    cdef _rebase(self, double time)
