cimport cython
from libc.stdint cimport int64_t

from exchange.orders cimport Order

cdef Py_ssize_t _NEAR

cdef class Queue:
    cdef public Order head
    cdef public Order tail

    cpdef push(self, Order order)
    cpdef remove(self, Order order)
    cpdef substitute(self, Order old, Order new)

cdef class Level(Queue):
    cdef public int64_t price
    cdef public int64_t shares
    cdef public int64_t orders
    cdef public Queue hidden

    cpdef bint empty(self)

cdef class Side:
    cdef public bint buy
    cdef public list levels

    cpdef Level best(self)
    @cython.locals(i=Py_ssize_t, level=Level)
    cpdef Level best_displayed(self)
    @cython.locals(high=Py_ssize_t, low=Py_ssize_t, near=Py_ssize_t, middle=Py_ssize_t, level=Level)
    cpdef Py_ssize_t position(self, int64_t price)
    @cython.locals(level=Level, hidden=Queue)
    cpdef add(self, Order order)
    @cython.locals(level=Level, hidden=Queue)
    cpdef remove(self, Order order)
    cdef bint _better(self, int64_t price, int64_t other)
    @cython.locals(at=Py_ssize_t, level=Level)
    cdef Level _level(self, int64_t price)

cdef class Book:
    cdef public str symbol
    cdef public bytes stock
    cdef public int locate
    cdef public Side bids
    cdef public Side asks
    cdef public bint halted
    cdef public bint quoting
    cdef public bint short_restricted
    cdef public int64_t lower
    cdef public int64_t upper
    cdef public dict pegs
    cdef public int64_t pegged_at

    cpdef Side side(self, bint buy)
    @cython.locals(bid=Level, ask=Level)
    cpdef int64_t midpoint_twice(self)
