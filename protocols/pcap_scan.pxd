cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t

from protocols.pcap_words cimport frame_of, pointer, word16, word32

cdef enum:
    _NONE = 0
    _PCAP = 1
    _PCAPNG = 2
    _INTERFACE = 1
    _SIMPLE = 3
    _ENHANCED = 6
    _SECTION = 0x0A0D0D0A
    _LONGEST = 16777216
    _NS = 1000000000
    _HALF = 1073741824

cdef class Scanner:
    cdef readonly int64_t room
    cdef readonly int64_t at
    cdef readonly int64_t need
    cdef readonly object error
    cdef readonly int64_t[::1] times
    cdef readonly int64_t[::1] starts
    cdef readonly int64_t[::1] lengths
    cdef readonly int64_t[::1] originals
    cdef readonly int64_t[::1] links
    cdef readonly int64_t[::1] directions
    cdef readonly int64_t[::1] block_starts
    cdef readonly int64_t[::1] block_ends
    cdef int64_t _format
    cdef bint _big
    cdef int64_t _tick
    cdef int64_t _link
    cdef int64_t _count
    cdef int64_t[::1] _if_links
    cdef int64_t[::1] _if_snaps
    cdef int64_t[::1] _if_factors
    cdef int64_t[::1] _if_offsets
    cdef list _exact

    cpdef Py_ssize_t scan(self, const uint8_t[::1] data, int64_t at, int64_t base) except -1
    @cython.locals(i=Py_ssize_t, memory=cython.p_const_uchar)
    cpdef list frames(self, const uint8_t[::1] data, Py_ssize_t count, make)
    cdef bint _begin(self, const uint8_t[::1] data, int64_t base) except -1
    @cython.locals(end=int64_t, at=int64_t, count=Py_ssize_t, big=bint, captured=int64_t, seconds=int64_t, fraction=int64_t, memory=cython.p_const_uchar)
    cdef Py_ssize_t _records(self, const uint8_t[::1] data, int64_t base) except -1
    @cython.locals(end=int64_t, at=int64_t, count=Py_ssize_t, left=int64_t, kind=int64_t, length=int64_t, fine=bint, memory=cython.p_const_uchar)
    cdef Py_ssize_t _blocks(self, const uint8_t[::1] data, int64_t base) except -1
    cdef bint _impossible(self, int64_t length, int64_t least, int64_t offset) except -1
    cdef bint _section(self, bytes magic, int64_t offset) except -1
    @cython.locals(big=bint, interface=int64_t, captured=int64_t, high=int64_t, low=int64_t, factor=int64_t, options=int64_t, stop=int64_t, code=int64_t, size=int64_t)
    cdef bint _enhanced(self, const uint8_t *data, int64_t at, int64_t length, Py_ssize_t place) except -1
    @cython.locals(original=int64_t, captured=int64_t)
    cdef bint _simple(self, const uint8_t *data, int64_t at, int64_t length, Py_ssize_t place) except -1
    @cython.locals(ticks=object, offset=object, value=object, exponent=object, at=int64_t, code=int64_t, size=int64_t)
    cdef bint _interface(self, bytes body) except -1
    cdef _grow(self)
    cdef bint _long_time(self, int64_t interface, ticks, Py_ssize_t place) except -1
