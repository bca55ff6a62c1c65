cimport cython
from libc.stdint cimport int64_t, uint8_t

from protocols.pcap_words cimport put_bytes, put_enhanced, put_record, put_trailer

cdef enum:
    _FULL = 1048576
    _LONGEST = 262144
    _SECOND = 1000000000
    _LAST = 4294967296000000000

cdef class _Collected:
    cdef readonly object path
    cdef readonly int64_t size
    cdef int _descriptor
    cdef bytearray _room
    cdef int64_t _at
    cdef int64_t _due

    cpdef flush(self)
    cpdef close(self)
    cdef _head(self, bytes data)
    cdef _check(self, int64_t length, int64_t time)
    cdef int _written(self, int64_t total, int64_t time) except -1

cdef class PcapngWriter(_Collected):
    @cython.locals(length=int64_t, room=cython.p_uchar, at=int64_t, padding=int64_t, total=int64_t)
    cpdef write(self, int direction, bytes frame, int64_t time_ns)

cdef class PcapWriter(_Collected):
    @cython.locals(length=int64_t, room=cython.p_uchar)
    cpdef write(self, bytes frame, int64_t time_ns)
