cimport cython
from libc.stdint cimport uint8_t

from hftapp.nic.area cimport base
from hftapp.nic.counted cimport CountedPort
from hftapp.nic.frame_ring cimport FrameRing

cdef class MemoryPort(CountedPort):
    cdef MemoryPort _peer
    cdef bint _cut
    cdef FrameRing _received
    cdef FrameRing _queued
    cdef FrameRing _sent
    cdef Py_ssize_t _burst

    cpdef attach(self, MemoryPort peer)
    @cython.locals(i=Py_ssize_t)
    cpdef Py_ssize_t rx_burst(self) except -1
    cdef uint8_t *room(self) except NULL
    cpdef bint send(self, Py_ssize_t length) except -1
    @cython.locals(i=Py_ssize_t, count=Py_ssize_t)
    cpdef flush(self)
    cdef void arrive(self, const uint8_t *frame, Py_ssize_t length) noexcept
    cpdef deliver(self, bytes frame)
    cpdef take_sent(self)
    cpdef Py_ssize_t discard_sent(self)
    cpdef close(self)

cpdef tuple memory_pair(bytes mac_a, bytes mac_b, Py_ssize_t capacity=*)
