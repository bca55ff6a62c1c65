cimport cython
from cpython.list cimport PyList_GET_ITEM
from libc.stdint cimport int8_t, int64_t

from hftapp.book.books cimport Books
from hftapp.clock cimport Clock, _read_tsc
from hftapp.histogram cimport Histogram
from hftapp.lean cimport Borrowed, borrowed
from hftapp.trader.decisions cimport Decisions
from hftapp.trader.gateway cimport OrderGateway
from hftapp.trader.instrument cimport Instrument
from hftapp.trader.market cimport Market
from hftapp.trader.order cimport Order
from hftapp.trader.router cimport Router
from hftapp.trader.strategy.base cimport Context, Strategy
from hftapp.units cimport Price, Shares, price_t, shares_t

cdef int _DEAD, _DAY, _IOC, _BOOK, _TRADE, _FILL, _TIMER
cdef int64_t _REFUSED_PAUSE, _REJECTED_PAUSE, _CLAIM_UPDATES
cdef Instrument _NOWHERE

cdef enum:
    _BUY = 1
    _SELL = -1

cdef enum:
    _UNKNOWN, _FOLLOWS, _IGNORES

# Without the test of the type that an assignment would make.
cdef inline Instrument _nth(list instruments, Py_ssize_t i):
    return <Instrument>PyList_GET_ITEM(instruments, i)


cdef class Desk(Context):
    cdef readonly int number
    cdef readonly Strategy strategy
    cdef readonly str kind
    cdef readonly str runs
    cdef readonly bint enabled
    cdef readonly str failure
    cdef readonly Histogram cost
    cdef OrderGateway _gateway
    cdef Decisions _decisions
    cdef Router _router
    cdef Market _market
    cdef Clock _clock
    cdef bint _tsc
    cdef object _say
    cdef bint _all
    cdef int _max_symbols
    cdef int _followed
    cdef set _names
    cdef Py_ssize_t _capacity
    cdef int8_t[::1] _follows
    cdef int8_t[::1] _listed
    cdef int8_t[::1] _again
    cdef int64_t[::1] _inventory
    cdef int64_t[::1] _quote_ref
    cdef int64_t[::1] _quote_venue
    cdef int64_t[::1] _rest
    cdef list _instruments
    cdef Py_ssize_t _instrument_count

    @cython.locals(index=Py_ssize_t)
    cpdef bint follows(self, Instrument instrument) except -1
    @cython.locals(started=int64_t, i=Py_ssize_t, index=Py_ssize_t)
    cpdef int show(self, Py_ssize_t touched, int64_t now) except -1
    @cython.locals(market=Market, i=Py_ssize_t, instrument=Instrument)
    cdef int _prints(self) except -1
    @cython.locals(started=int64_t)
    cpdef book(self, Instrument instrument)
    cdef _caught(self)
    @cython.locals(before=int)
    cpdef trade(self, Instrument instrument, price_t price, shares_t shares)
    @cython.locals(index=Py_ssize_t, before=int)
    cpdef filled(self, Instrument instrument, Order order, shares_t shares, price_t price)
    cpdef rejected(self, Instrument instrument, Order order)
    @cython.locals(instrument=Instrument, slot=Py_ssize_t, i=Py_ssize_t, before=int)
    cpdef timer(self, int64_t now)

    @cython.locals(slot=Py_ssize_t, order=Order, distance=price_t)
    cpdef quote(self, Instrument instrument, int side, shares_t shares, price_t price, price_t min_move)
    @cython.locals(index=Py_ssize_t, slot=Py_ssize_t, order=Order)
    cpdef bint take(self, Instrument instrument, int side, shares_t shares, price_t price) except -1
    @cython.locals(router=Router, without=int, refused=int)
    cdef int _children(self, Instrument instrument, int side, shares_t shares, price_t price) except -1
    @cython.locals(gateway=OrderGateway, router=Router, refused=int, supposed=int, i=int, shares=shares_t, price=price_t)
    cdef int _refusing(self, Instrument instrument, int side) except -2
    @cython.locals(order=Order, router=Router, sent=int, i=int)
    cdef bint _route(self, Instrument instrument, int side, shares_t shares, price_t price) except -1
    cpdef cancel(self, Order order)
    @cython.locals(slot=Py_ssize_t, i=Py_ssize_t, order=Order)
    cpdef pull(self, Instrument instrument)
    @cython.locals(index=Py_ssize_t)
    cpdef shares_t inventory(self, Instrument instrument) except? -1
    @cython.locals(shares=shares_t, own=list, order=Order, i=Py_ssize_t)
    cpdef shares_t open_shares(self, Instrument instrument, int side) except? -1
    @cython.locals(price=price_t, shares=shares_t, own=list, order=Order, i=Py_ssize_t)
    cpdef bint best_without_own(self, Instrument instrument, int side) except -1
    @cython.locals(price=price_t, shares=shares_t, own=list, order=Order, i=Py_ssize_t, market=Market, books=Books, venue=int, locate=int64_t, level=int64_t)
    cdef bint _look_through(self, Instrument instrument, int side) except -1
    @cython.locals(index=Py_ssize_t)
    cdef bint _claims(self, Instrument instrument) except -1
    @cython.locals(router=Router, order=Order)
    cdef _enter(self, Instrument instrument, Py_ssize_t slot, int side, shares_t shares, price_t price)
    @cython.locals(router=Router, new=Order, gateway=OrderGateway, refused=bint)
    cdef _move(self, Instrument instrument, Py_ssize_t slot, Order order, shares_t shares, price_t price)
    @cython.locals(index=Py_ssize_t)
    cdef Py_ssize_t _slot(self, Instrument instrument, int side) except -1
    cdef _list(self, Instrument instrument)
    @cython.locals(ref=int64_t, order=Order)
    cdef Order _resting(self, Py_ssize_t slot)
    @cython.locals(before=int)
    cdef int _because(self, int cause) noexcept
    cdef _pause(self, Py_ssize_t slot, int64_t pause)
    cdef _take_off(self, Py_ssize_t slot, Order order)
    cdef bint _due(self, Py_ssize_t slot) noexcept
    cdef _failed(self, error)
    cdef _pull_all(self)
    cdef _grow(self, Py_ssize_t index)

# `clock.ticks()` without a call where that is one instruction.
cdef inline int64_t _ticks(Desk desk) noexcept:
    if cython.likely(desk._tsc):
        return _read_tsc()
    return desk._clock.ticks()

cdef inline int _on_book(Desk desk, Instrument instrument) except -1:
    desk.strategy.on_book(instrument)
    return 0

# -1: it raised, and the exception is still set. So only a strategy that fails pays for a `try`.
# The instrument is one that the market keeps.
cdef inline int _asked(Desk desk, Borrowed instrument) noexcept:
    return (<int (*)(Desk, Borrowed) noexcept>_on_book)(desk, instrument)

cdef inline int _raise() except -1:
    return -1

# What a strategy passes: a method of None would be called on no object at all.
cdef inline int _given(Instrument instrument) except -1:
    if instrument is None:
        _nothing()
    return 0

cdef inline int _sided(Instrument instrument, int side) except -1:
    if instrument is None:
        _nothing()
    if side != _BUY and side != _SELL:
        _no_side(side)
    return 0

cdef int _nothing() except -1
cdef int _no_side(int side) except -1
