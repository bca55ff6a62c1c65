cimport cython
from libc.stdint cimport int64_t

from exchange.flow.alias cimport AliasTable
from exchange.flow.excitation cimport Excitation
from exchange.flow.random64 cimport Random64

cdef class Bursts:
    cdef public double time
    cdef public int64_t item
    cdef public bint news
    cdef Random64 _rng
    cdef AliasTable _table
    cdef list _weights
    cdef object _pattern
    cdef double _base
    cdef double _births
    cdef double _own
    cdef double _news_rate
    cdef Excitation _recent
    cdef Excitation _boosted
    cdef double _started
    cdef double _season
    cdef double _edge

    cpdef excite(self, int64_t item)
    @cython.locals(rng=Random64, time=double, base=double, bound=double)
    cpdef advance(self)
    @cython.locals(rng=Random64, children=double)
    cdef bint _belongs(self, double time, double draw, double base)
    cdef _reshape(self, double time)
