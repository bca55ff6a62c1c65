cimport cython
from libc.stdint cimport int64_t, uint64_t

from exchange.book cimport Book, Queue
from exchange.engine cimport Engine
from exchange.itch_writer cimport ItchWriter
from exchange.market_data cimport Publisher
from exchange.orders cimport Order
from exchange.participant cimport Participant
from exchange.sink cimport Sink

cdef class Market(Sink):
    cdef public str name
    cdef public Engine engine
    cdef public object directory
    cdef public Publisher publisher
    cdef public int64_t time
    cdef public str last_system_event
    cdef public object closing_books
    cdef public object auctions
    cdef public object trades
    cdef public list watchers
    cdef str _entry_closes
    cdef bint _silent
    cdef list _participants
    cdef list _system_events

    cpdef bint enter(self, Order order, int64_t now) except? -1
    cpdef int64_t cancel(self, Order order, int64_t keep, int64_t now, str reason=*) except? -1
    cpdef bint modify(self, Order order, int64_t keep, int64_t now) except? -1
    cpdef bint replace(self, Order old, Order new, int64_t now) except? -1
    cpdef int64_t stamp(self, int64_t now) noexcept
    cdef Participant _of(self, Order order)
    cdef _show(self, ItchWriter writer, Order order, int64_t time)
    cdef _reduce(self, Order order, int64_t shown)
    @cython.locals(order=Order)
    cdef _snapshot_queue(self, ItchWriter writer, Queue queue)
    cdef _settled(self, Book book)
