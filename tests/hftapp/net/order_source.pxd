cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.channel cimport Channel
from hftapp.octets cimport copy, put32

cdef class OrderSource:
    cdef readonly int64_t sent
    cdef readonly int64_t at_once
    cdef int64_t _count
    cdef bytearray _store
    cdef uint8_t *_order

    @cython.locals(burst=int)
    cpdef bint pump(self, Channel channel, int64_t now, int burst) except -1
