cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.net.checksum cimport bytes_at
from hftapp.net.sequence cimport seq_add, seq_diff
from hftapp.octets cimport copy, put32

cdef class Reassembly:
    cdef readonly int64_t next
    cdef readonly Py_ssize_t start
    cdef readonly Py_ssize_t end
    cdef readonly Py_ssize_t capacity
    cdef readonly Py_ssize_t waiting
    cdef uint8_t *room
    cdef bytearray _store
    cdef int64_t[::1] _first
    cdef int64_t[::1] _last
    cdef int64_t _latest

    cpdef restart(self, int64_t sequence)
    cpdef Py_ssize_t window(self) noexcept
    @cython.locals(offset=int64_t)
    cdef bint add(self, int64_t sequence, const uint8_t *data, Py_ssize_t at, int64_t length) noexcept
    cdef void consume(self, Py_ssize_t count) noexcept
    cpdef bytes take(self)
    @cython.locals(count=Py_ssize_t, newest=Py_ssize_t, i=Py_ssize_t)
    cdef Py_ssize_t write_blocks(self, uint8_t *room, Py_ssize_t at, Py_ssize_t limit) noexcept
    @cython.locals(length=int64_t)
    cdef void _move(self) noexcept
    cdef void _advance(self, int64_t length) noexcept
    @cython.locals(index=Py_ssize_t, beyond=Py_ssize_t, i=Py_ssize_t)
    cdef void _insert(self, int64_t first, int64_t last) noexcept
    @cython.locals(i=Py_ssize_t)
    cdef void _remove(self, Py_ssize_t index, Py_ssize_t count) noexcept
