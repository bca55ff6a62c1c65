cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from hftapp.nic.area cimport acquire32, base, part, release32, word16, word32
from hftapp.nic.counted cimport CountedPort
from hftapp.nic.offload cimport fill_checksum, insert_tag
from hftapp.nic.send_queue cimport SendQueue

cdef class AfPacketPort(CountedPort):
    cdef readonly str name
    cdef readonly bint unmerged
    cdef Py_ssize_t _mtu
    cdef object _socket
    cdef object _memory
    cdef uint8_t *_ring
    cdef Py_ssize_t _slot_bytes
    cdef Py_ssize_t _end
    cdef Py_ssize_t _held
    cdef Py_ssize_t _limit
    cdef Py_ssize_t _next
    cdef int64_t[::1] _starts
    cdef int32_t[::1] _lengths
    cdef SendQueue _queue
    cdef bint _closed

    cpdef int fileno(self) except -1
    @cython.locals(ring="uint8_t *", offset=Py_ssize_t, count=Py_ssize_t, left=Py_ssize_t, status=uint32_t)
    cpdef Py_ssize_t rx_burst(self) except -1
    @cython.locals(start=Py_ssize_t, kept=Py_ssize_t, tag_type=uint32_t)
    cdef bint _take(self, Py_ssize_t offset, uint32_t status, Py_ssize_t place) noexcept
    cdef const uint8_t *frame(self, Py_ssize_t i) except NULL
    cpdef Py_ssize_t length(self, Py_ssize_t i) except -1
    cdef uint8_t *room(self) except NULL
    cpdef bint send(self, Py_ssize_t length) except -1
    @cython.locals(dropped=Py_ssize_t)
    cpdef flush(self)
    cpdef stats(self)
    cpdef close(self)
