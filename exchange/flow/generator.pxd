cimport cython
from libc.stdint cimport int64_t

from exchange.flow.alias cimport AliasTable
from exchange.flow.bursts cimport Bursts
from exchange.flow.house cimport House
from exchange.flow.instrument cimport Instrument
from exchange.flow.random64 cimport Random64
from exchange.market cimport Market

cdef class Generator:
    cdef Market _market
    cdef Random64 _rng
    cdef House _house
    cdef AliasTable _menu
    cdef list _instruments
    cdef dict _ranks
    cdef Bursts _bursts
    cdef bint _started
    cdef int64_t _begin
    cdef int64_t _time
    cdef int64_t _seed_time
    cdef int64_t _seeding
    cdef int64_t _seed_turn
    cdef int64_t _seeded
    cdef int64_t _actions
    cdef int64_t _news

    cpdef next_time(self)
    @cython.locals(instrument=Instrument, rng=Random64, size=double)
    cpdef step(self)
    cdef _draw(self)
    cdef bint _seed_due(self)
    @cython.locals(instrument=Instrument, before=int64_t)
    cdef _seed(self)
