cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from store.words cimport be16, be32, be64, pointer, text

cdef enum:
    _ETHERNET = 1
    _RAW = 101
    _IPV4 = 0x0800
    _VLAN = 0x8100
    _VLAN_OUTER = 0x88A8
    _UDP = 17
    _HEADER = 20
    _END = 0xFFFF

cdef class FeedScan:
    cdef readonly int64_t room
    cdef readonly int64_t count
    cdef readonly int64_t others
    cdef readonly int64_t empty
    cdef readonly int64_t malformed
    cdef readonly list names
    cdef dict _numbers
    cdef readonly int64_t[::1] starts
    cdef readonly int64_t[::1] lengths
    cdef readonly int64_t[::1] packets
    cdef readonly uint64_t[::1] sequences
    cdef readonly int64_t[::1] streams

    @cython.locals(row=Py_ssize_t, memory=cython.p_const_uchar)
    cpdef Py_ssize_t scan(self, const uint8_t[::1] data, const int64_t[::1] starts, const int64_t[::1] lengths, const int64_t[::1] links, Py_ssize_t first) except -1
    @cython.locals(header=int64_t, total=int64_t, udp=int64_t, length=int64_t)
    cdef void _frame(self, const uint8_t *data, int64_t at, int64_t end, int64_t link, int64_t row) except *
    @cython.locals(amount=int64_t, sequence=uint64_t, place=int64_t, block=int64_t, number=int64_t, length=int64_t, stream=int64_t, done=int64_t)
    cdef void _packet(self, const uint8_t *data, int64_t at, int64_t end, uint32_t group, uint32_t port, int64_t row) except *
    cdef int64_t _stream(self, bytes session, uint32_t group, uint32_t port) except -1

cdef class RecordScan:
    cdef readonly int64_t room
    cdef readonly int64_t at
    cdef readonly bint ended
    cdef readonly int64_t[::1] starts
    cdef readonly int64_t[::1] lengths

    @cython.locals(memory=cython.p_const_uchar, end=int64_t, at=int64_t, count=int64_t, length=int64_t)
    cpdef Py_ssize_t scan(self, const uint8_t[::1] data) except -1
