cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hftapp.net.checksum cimport bytes_at, checksum, ones_sum
from hftapp.net.outbox cimport Outbox
from hftapp.octets cimport copy, put16, put32, put64

cdef class Path:
    cdef Outbox outbox
    cdef readonly int64_t next_hop
    cdef readonly uint64_t hosts
    cdef readonly uint32_t ports
    cdef readonly bint resolved
    cdef readonly list waiting
    cdef Py_ssize_t size
    cdef int64_t number
    cdef Py_ssize_t length
    cdef uint64_t total
    cdef uint64_t sum
    cdef Py_ssize_t _link
    cdef uint64_t _ip_sum
    cdef bytearray _template
    cdef bytearray _aside
    cdef uint8_t *head
    cdef uint8_t *_spare

    cpdef resolve(self, bytes link)
    cpdef give_up(self)
    @cython.locals(room='uint8_t *')
    cdef uint8_t *room(self) except NULL
    cdef int lay_out(self) except -1
    @cython.locals(at=Py_ssize_t, total=uint64_t)
    cdef void fit(self, uint8_t *room, Py_ssize_t length) noexcept
    @cython.locals(size=Py_ssize_t)
    cdef int send(self, uint8_t *room, int64_t sequence, int64_t acknowledgement, int64_t flags, int64_t window, Py_ssize_t length) except -1
    @cython.locals(at=Py_ssize_t, total=uint64_t)
    cdef Py_ssize_t seal(self, uint8_t *room, int64_t sequence, int64_t acknowledgement, int64_t flags, int64_t window, Py_ssize_t length) noexcept
    cdef int _keep(self, Py_ssize_t length) except -1
