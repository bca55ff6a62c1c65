cimport cython
from libc.stdint cimport uint8_t

from hftapp.octets cimport copy

cdef class Port:
    cdef public bytes mac
    cdef const uint8_t *frames[32]
    cdef Py_ssize_t lengths[32]

    cpdef Py_ssize_t rx_burst(self) except -1
    cdef const uint8_t *frame(self, Py_ssize_t i) except NULL
    cpdef Py_ssize_t length(self, Py_ssize_t i) except -1
    cdef uint8_t *room(self) except NULL
    cpdef bint send(self, Py_ssize_t length) except -1
    cpdef bint launch(self, Py_ssize_t length) except -1
    cpdef flush(self)
    cpdef stats(self)
    cpdef close(self)
    @cython.locals(i=Py_ssize_t)
    cdef int note(self, Py_ssize_t count) except -1
    cpdef bint transmit(self, bytes frame) except -1
    @cython.locals(i=Py_ssize_t, count=Py_ssize_t)
    cpdef list receive(self)
