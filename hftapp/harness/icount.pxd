cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.loop cimport Trader
from hftapp.wire cimport NicWire

cdef extern from *:
    void _pause "__builtin_ia32_pause"() noexcept nogil

cdef Py_ssize_t _HIGH
cdef int _DONE

cdef class TickSamples:
    cdef readonly list after
    cdef readonly list before
    cdef readonly list whole
    cdef readonly dict stages
    cdef Trader _trader
    cdef NicWire _wire
    cdef object _rings
    cdef int64_t[::1] _total
    cdef list _words
    cdef int64_t _earlier

    @cython.locals(earlier=int64_t)
    cpdef bint turn(self) except -1
    cpdef loop(self)
