cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport copy
from hftapp.shared cimport octets_of, words_of
from hftapp.trader.instrument cimport Instrument

cdef int64_t _STRIDE, _SHOWN

cdef class Board:
    cdef tuple _kept
    cdef uint8_t *_octets
    cdef int64_t *_words
    cdef int64_t *_head
    cdef int64_t _room
    cdef int64_t _next
    cdef readonly int64_t overflow

    @cython.locals(at=int64_t, index=int64_t)
    cpdef show(self, Instrument instrument)
    @cython.locals(count=int64_t)
    cpdef turn(self, list instruments)
    @cython.locals(i=Py_ssize_t)
    cpdef show_all(self, list instruments)
