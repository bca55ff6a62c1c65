cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport copy
from hftapp.shared cimport acquire, octets_of, release, words_of

cdef enum:
    _HEAD = 0
    _TAIL = 8
    _DROPPED = 16
    _DATA = 24
    _HEADER = 16

cdef int64_t _SKIP

cdef class Ring:
    cdef readonly int64_t capacity
    cdef readonly object shared
    cdef uint8_t *_octets
    cdef int64_t *_words
    cdef int64_t _limit
    cdef int64_t _tail
    cdef object _kept

    cpdef bint push(self, int64_t kind, int64_t time, bytes payload) except -1
    @cython.locals(need=int64_t, head=int64_t, at=int64_t, word=int64_t)
    cdef bint push_octets(self, int64_t kind, int64_t time, const uint8_t *data, Py_ssize_t at_data, Py_ssize_t length) except -1
    @cython.locals(at=int64_t, skip=int64_t)
    cdef int64_t _place(self, int64_t head, int64_t need, Py_ssize_t length) except -2
    cdef int _refuse(self, Py_ssize_t length) except -1
    cpdef bint waiting(self) noexcept
    @cython.locals(head=int64_t, tail=int64_t, at=int64_t, start=int64_t, length=int64_t, word=int64_t)
    cpdef list drain(self, int64_t limit=*)
