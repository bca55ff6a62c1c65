cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport copy
from hftapp.shared cimport octets_of


cdef class HoldBack:
    cdef readonly Py_ssize_t capacity
    cdef readonly Py_ssize_t slot_size
    cdef readonly Py_ssize_t count
    cdef object _store
    cdef uint8_t* room
    cdef int[::1] _order
    cdef int64_t[::1] _sequence
    cdef int64_t[::1] _messages
    cdef int64_t[::1] _since

    cdef int64_t sequence(self, Py_ssize_t i) noexcept
    cdef int64_t messages(self, Py_ssize_t i) noexcept
    cdef Py_ssize_t offset(self, Py_ssize_t i) noexcept
    @cython.locals(i=Py_ssize_t, found=int64_t)
    cdef int64_t oldest(self) noexcept
    @cython.locals(i=Py_ssize_t)
    cdef Py_ssize_t find(self, int64_t sequence) noexcept
    @cython.locals(slot=int, place=Py_ssize_t, i=Py_ssize_t)
    cdef void put(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, int64_t sequence, int64_t messages, int64_t now) noexcept
    @cython.locals(slot=int)
    cdef void exchange(self, Py_ssize_t i, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, int64_t messages) noexcept
    @cython.locals(slot=int, i=Py_ssize_t)
    cdef void drop_first(self) noexcept
    @cython.locals(i=Py_ssize_t)
    cdef Py_ssize_t _behind(self, int64_t sequence) noexcept
