cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.book.books cimport Books
from hftapp.octets cimport copy
from hftapp.shared cimport octets_of, release, words_of
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.market cimport Market
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef int64_t _STRIDE, _SHOWN, _EDITION, _DEPTH, _LEVELS
cdef enum:
    _BUY = 1
    _SELL = -1

cdef class Board:
    cdef tuple _kept
    cdef uint8_t *_octets
    cdef int64_t *_words
    cdef int64_t *_head
    cdef int64_t _room
    cdef int64_t _next
    cdef Market _market
    cdef int64_t[::1] _level
    cdef readonly int64_t overflow

    @cython.locals(at=int64_t, index=int64_t)
    cpdef show(self, Instrument instrument)
    @cython.locals(count=int64_t)
    cpdef turn(self, list instruments)
    @cython.locals(i=Py_ssize_t)
    cpdef show_all(self, list instruments)
    @cython.locals(edition=int64_t)
    cdef int _book(self, Instrument instrument, int64_t at) except -1
    @cython.locals(market=Market, level=int64_t[::1], i=int64_t, venue=int, locate=int64_t, books=Books, best=price_t, shares=shares_t, price=price_t)
    cdef int _levels(self, Instrument instrument, int side, int64_t at) except -1
