cimport cython
from libc.stdint cimport int64_t, uint8_t

from libc.string cimport memcpy

from hftapp.shared cimport acquire, octets_of, release, words_of

cdef enum:
    _HEAD = 0
    _TAIL = 8
    _DROPPED = 16
    _DATA = 24
    _HEADER = 16

cdef int64_t _SKIP

# As `copy`, without a call: a call would make the caller save registers. Sixteen bytes at a time; what is left over at
# the end is copied with some of the bytes before it. Orders have 32 to 64 bytes.
cdef inline void lay(uint8_t *room, Py_ssize_t to, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    cdef Py_ssize_t i = 0
    if 32 <= length <= 64:
        memcpy(room + to, data + at, 16)
        memcpy(room + to + 16, data + at + 16, 16)
        memcpy(room + to + length - 32, data + at + length - 32, 16)
        memcpy(room + to + length - 16, data + at + length - 16, 16)
    elif length >= 16:
        while i < length - 16:
            memcpy(room + to + i, data + at + i, 16)
            i += 16
        memcpy(room + to + length - 16, data + at + length - 16, 16)
    else:
        while i < length:
            room[to + i] = data[at + i]
            i += 1

cdef class Ring:
    cdef readonly int64_t capacity
    cdef readonly object shared
    cdef uint8_t *_octets
    cdef int64_t *_words
    cdef int64_t _limit
    cdef int64_t _until
    cdef public int64_t spare
    cdef object _kept

    cpdef bint push(self, int64_t kind, int64_t time, bytes payload) except -1
    @cython.locals(need=int64_t, head=int64_t, at=int64_t, word=int64_t)
    cdef bint push_octets(self, int64_t kind, int64_t time, const uint8_t *data, Py_ssize_t at_data, Py_ssize_t length) except -1
    cdef bint push_last(self, int64_t kind, int64_t time, const uint8_t *data, Py_ssize_t at_data, Py_ssize_t length) except -1
    @cython.locals(need=int64_t, head=int64_t, at=int64_t, start=int64_t, free=int64_t)
    cdef bint _push_elsewhere(self, int64_t kind, int64_t time, const uint8_t *data, Py_ssize_t at_data, Py_ssize_t length, int64_t spare) except -1
    cdef int _refuse(self, Py_ssize_t length) except -1
    cpdef bint waiting(self) noexcept
    @cython.locals(head=int64_t, tail=int64_t, at=int64_t, start=int64_t, length=int64_t, word=int64_t)
    cpdef list drain(self, int64_t limit=*)
