cimport cython
from libc.stdint cimport int64_t, uint64_t

from exchange.book cimport Book, Level, Queue, Side
from exchange.matching cimport Matcher
from exchange.orders cimport Order
from exchange.sink cimport Sink

cdef int64_t _MAX_PRICE
cdef int64_t _MAX_SHARES

cdef class Engine(Matcher):
    cdef public dict books
    cdef public bint open
    cdef public bint keeps_priority

    cpdef bint enter(self, Order order, int64_t now)
    cpdef admit(self, Order order, int64_t now)
    cpdef int64_t cancel(self, Order order, int64_t keep, int64_t now, str reason=*)
    cpdef bint modify(self, Order order, int64_t keep, int64_t now)
    @cython.locals(shown=int64_t, shown_ref=uint64_t, takes_over=bint)
    cpdef bint replace(self, Order old, Order new, int64_t now)
    cpdef set_band(self, Book book, int64_t lower, int64_t upper, int64_t now)
    cpdef set_trading(self, Book book, bint halted, bint quoting, int64_t now)
    cpdef fill(self, Order order, int64_t shares, int64_t price, int64_t match, int cross)
    @cython.locals(entry=Order, order=Order)
    cdef _cancel_level(self, Level level, str reason)
    cdef _refuse(self, Order order, int reason)
    cdef int _refusal(self, Order order)
    cdef _price(self, Order order)
    cdef _lift(self, Order order)
    @cython.locals(tick=int64_t)
    cdef _step_back(self, Order order)
    @cython.locals(twice=int64_t)
    cdef _peg(self, Order order)
    cdef _work(self, Order order, uint64_t replaces)
    @cython.locals(reserve=Order, shown=int64_t)
    cdef _rest(self, Order order)
    @cython.locals(reserve=Order)
    cdef Order _reserve(self, Order order, int64_t shares)
    cdef _drop(self, Order order, str reason)
    cdef bint _rests_whole(self, Order order)
    cdef bint _only_shrinks(self, Order old, Order new)
    @cython.locals(queue=Queue, level=Level)
    cdef _take_place(self, Order old, Order new)
    @cython.locals(twice=int64_t, order=Order)
    cdef _settle(self, Book book)
    cdef _repeg(self, Order order)
