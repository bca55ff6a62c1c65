cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.net.stack cimport Stack
from hftapp.nic.area cimport base, part
from hftapp.octets cimport copy

cdef Py_ssize_t _SIZE

cdef class Guard:
    cdef object _pages
    cdef uint8_t *_memory

    @cython.locals(at=Py_ssize_t)
    cpdef int feed(self, Stack stack, bytes frame, int64_t now) except? -2
