cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from hftapp.nic.area cimport base, part
from hftapp.nic.counted cimport CountedPort
from hftapp.nic.syscalls cimport kick_rx, kick_tx
from hftapp.nic.xsk_ring cimport XskRing

cdef class AfXdpPort(CountedPort):
    cdef readonly str name
    cdef readonly str mode
    cdef readonly bint busy_poll
    cdef object _socket
    cdef object _filter
    cdef list _descriptors
    cdef list _rings
    cdef object _memory
    cdef uint8_t *_umem
    cdef uint32_t _chunk
    cdef int _descriptor
    cdef XskRing _fill
    cdef XskRing _completed
    cdef XskRing _received
    cdef XskRing _sent
    cdef int64_t[::1] _starts
    cdef int32_t[::1] _lengths
    cdef Py_ssize_t _burst
    cdef int64_t[::1] _free
    cdef Py_ssize_t _free_count
    cdef int64_t _room
    cdef Py_ssize_t _unrung
    cdef bint _closed

    cpdef int fileno(self) except -1
    @cython.locals(i=Py_ssize_t, count=Py_ssize_t, length=Py_ssize_t)
    cpdef Py_ssize_t rx_burst(self) except -1
    cdef void _refill(self) noexcept
    cdef const uint8_t *frame(self, Py_ssize_t i) except NULL
    cpdef Py_ssize_t length(self, Py_ssize_t i) except -1
    cdef uint8_t *room(self) except NULL
    cpdef bint send(self, Py_ssize_t length) except -1
    @cython.locals(count=Py_ssize_t, i=Py_ssize_t)
    cdef void _reclaim(self) noexcept
    @cython.locals(attempt=int, result=int)
    cpdef flush(self)
    cpdef stats(self)
    cpdef close(self)
