cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.channel cimport Channel
from hftapp.clock cimport Clock
from hftapp.wire cimport Wire

cdef Py_ssize_t _DATAGRAM

cdef class SocketChannel(Channel):
    cdef object _socket
    cdef bytes _waiting
    cdef bytearray _staging
    cdef bytearray _store
    cdef object _view
    cdef Py_ssize_t _end

    cpdef poll(self)
    cpdef push(self)

cdef class SocketWire(Wire):
    cdef Clock _clock
    cdef list _sockets
    cdef object _poller
    cdef list _channels
    cdef set _watched
    cdef int64_t _packets
    cdef int64_t _bytes
    cdef bytearray _store
    cdef object _view
    cdef const uint8_t *_base
    cdef Py_ssize_t _next_line
    cdef Py_ssize_t _spins
    cdef Py_ssize_t _empty

    @cython.locals(found=Py_ssize_t, at=Py_ssize_t, size=Py_ssize_t, number=Py_ssize_t, lines=Py_ssize_t, step=Py_ssize_t)
    cpdef Py_ssize_t rx(self, int64_t now) except -1
    cdef _nothing(self)
