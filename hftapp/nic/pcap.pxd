cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.nic.area cimport base
from hftapp.nic.counted cimport CountedPort
from hftapp.nic.frame_ring cimport FrameRing

cdef class PcapPort(CountedPort):
    cdef readonly int64_t stamp
    cdef readonly bint ended
    cdef object _path
    cdef object _file
    cdef object _frames
    cdef object _writer
    cdef FrameRing _ahead
    cdef FrameRing _queued
    cdef FrameRing _sent
    cdef int64_t[::1] _times
    cdef Py_ssize_t _read
    cdef Py_ssize_t _taken
    cdef bint _exhausted
    cdef Py_ssize_t _burst
    cdef bint _closed

    @cython.locals(count=Py_ssize_t, i=Py_ssize_t)
    cpdef Py_ssize_t rx_burst(self) except -1
    cdef const uint8_t *frame(self, Py_ssize_t i) except NULL
    cpdef Py_ssize_t length(self, Py_ssize_t i) except -1
    cdef uint8_t *room(self) except NULL
    cpdef bint send(self, Py_ssize_t length) except -1
    @cython.locals(count=Py_ssize_t, i=Py_ssize_t)
    cpdef flush(self)
    cpdef list take_sent(self)
    cpdef close(self)
