cimport cython
from libc.stdint cimport int64_t

from exchange.book cimport Book
from exchange.entry_events cimport EntryEvents
from exchange.orders cimport Order, Party, limit_order
from exchange.ouch_reader cimport OuchReader
from exchange.ticket cimport Ticket

cdef int _ENTER, _REPLACE, _CANCEL, _BUY, _SHORT, _HIDDEN, _ATTRIBUTED, _IMMEDIATE

cdef class OrderEntry(EntryEvents):
    cdef public bint enabled
    cdef public dict last_refs
    cdef public Party party
    cdef public int aiq
    cdef public int aiq_group
    cdef public bint fast
    cdef public object expiries
    cdef bytes _firm
    cdef dict _stocks
    cdef OuchReader _reader
    cdef public object table

    cpdef on_message(self, bytes data, int64_t now)
    @cython.locals(order=Order, buy=bint)
    cpdef Order make_order(self, Ticket ticket, Book book, int64_t token, int64_t shares, int64_t price)
    cpdef enter(self, Order order, int64_t now)
    cpdef replace(self, Order old, Order new, int64_t now)
    @cython.locals(kind=int)
    cdef bint _quick(self, bytes data, int64_t now) except -1
    cdef bint _hours(self)
    @cython.locals(fields=OuchReader, book=Book, ticket=Ticket)
    cdef bint _quick_enter(self, int64_t now) except -1
    @cython.locals(fields=OuchReader, old=Order, ticket=Ticket, past=Ticket, shares=int64_t)
    cdef bint _quick_replace(self, int64_t now) except -1
    @cython.locals(order=Order, keep=int64_t)
    cdef bint _quick_cancel(self, int64_t now) except -1
    cdef Book _find(self, bytes stock)
