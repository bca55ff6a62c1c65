cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.channel cimport Channel
from hftapp.clock cimport Clock
from hftapp.nic.area cimport base
from hftapp.wire cimport Wire

cdef Py_ssize_t _ROOM

cdef class PaperChannel(Channel):
    cdef object _answer
    cdef bytes _sent
    cdef bytearray _staging
    cdef bytearray _store
    cdef Py_ssize_t _end

    @cython.locals(sent=bytes, answer=bytes, rest=bytes)
    cpdef poll(self, int64_t now)

cdef class PaperWire(Wire):
    cdef readonly dict exchanges
    cdef Clock _clock
    cdef list _channels
    cdef bytearray _store
    cdef const uint8_t *_memory
    cdef list _waiting
    cdef int64_t _packets

    cpdef put(self, int line, bytes payload)
    @cython.locals(found=Py_ssize_t, at=Py_ssize_t, size=Py_ssize_t, line=int, payload=bytes)
    cpdef Py_ssize_t rx(self, int64_t now) except -1
