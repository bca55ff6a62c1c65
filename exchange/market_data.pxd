cimport cython

from exchange.itch_writer cimport ItchWriter
from exchange.message_store cimport MessageStore

cdef Py_ssize_t _MAX_COUNT


cdef class Publisher(ItchWriter):
    cdef public MessageStore store
    cdef public str session
    cdef public unsigned long long packets
    cdef public unsigned long long heartbeats
    cdef public bint ended
    cdef public bint muted
    cdef tuple _lines
    cdef Py_ssize_t _room
    cdef Py_ssize_t _start
    cdef Py_ssize_t _pending
    cdef bint _sent
    cdef long long _last_sent
    cdef unsigned long long[::1] _by_type

    cpdef flush(self, long long now)
    cpdef tick(self, long long now)
    cpdef long long next_deadline(self) except? -1
    cpdef end(self, long long now)
    @cython.locals(store=MessageStore, at=Py_ssize_t, need=Py_ssize_t)
    cdef Py_ssize_t _begin(self, unsigned char code, Py_ssize_t length) except -1
    @cython.locals(store=MessageStore, count=Py_ssize_t, header=bytearray)
    cdef _send_pending(self)
    cdef _send(self, bytes packet)
