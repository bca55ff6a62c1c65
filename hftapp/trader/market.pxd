cimport cython
from libc.stdint cimport int64_t, uint64_t

from hftapp.book.books cimport Books
from hftapp.book.levels cimport Levels
from hftapp.lean cimport Places, borrowed, row, store_for
from hftapp.trader.instrument cimport Instrument
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef enum:
    _MAX_VENUES = 4
    _BUY = 1
    _SELL = -1
    _LOW = 0xFFFF_FFFF

cdef Py_ssize_t _MAX_TRADES


cdef class Market:
    cdef readonly list instruments       # Instrument by index
    cdef readonly list venues            # VenueMarket by number
    cdef readonly list books             # Books by venue number
    cdef readonly int venue_count
    cdef readonly Py_ssize_t max_instruments
    cdef public bint stale
    cdef readonly bint closed            # every venue has ended its trading
    cdef readonly int shut               # a bit for each venue that has
    # What the last `take_touched` took, refreshed; valid until the next one. `pending`: touched since then.
    cdef Places touched
    cdef readonly Py_ssize_t touched_count
    cdef readonly Py_ssize_t pending
    # Prints since the last `drop_trades`.
    cdef readonly list trade_instrument
    cdef readonly int64_t[::1] trade_price
    cdef readonly int64_t[::1] trade_shares
    cdef readonly Py_ssize_t trade_count
    cdef readonly int64_t trades_lost
    cdef int[::1] _locates               # by MAX_VENUES * index + venue, -1: not named there
    cdef int[::1] _alone                 # by index: the row of `_levels` that says it all, -1: there is more to ask
    cdef Places waiting                  # the first `pending` have been touched
    cdef tuple _stores                   # the memory of both
    cdef Levels _levels                  # of venue 0
    cdef dict _by_symbol
    cdef object _prepare

    cpdef Instrument instrument(self, str symbol)      # None when unknown
    cpdef Instrument make(self, str symbol)            # found or made; None when there is no room
    cpdef Py_ssize_t locate_of(self, Instrument instrument, int venue) noexcept
    cpdef place(self, Instrument instrument, int venue, int locate)
    cpdef touch(self, Instrument instrument)
    cpdef touch_all(self)
    @cython.locals(count=Py_ssize_t)
    cpdef Py_ssize_t take_touched(self) except -1
    @cython.locals(i=Py_ssize_t)
    cdef Py_ssize_t _refresh_all(self, Py_ssize_t count) except -1
    cpdef drop_trades(self)
    cdef void printed(self, Instrument instrument, price_t price, shares_t shares) noexcept
    @cython.locals(venue=int, locate=Py_ssize_t, books=Books, price=price_t, bid=price_t, bid_shares=shares_t, bid_venue=int, ask=price_t, ask_shares=shares_t, ask_venue=int)
    cpdef void refresh(self, Instrument instrument) noexcept
    @cython.locals(shut=int)
    cpdef settle_closed(self)
