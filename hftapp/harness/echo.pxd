from libc.stdint cimport int64_t, uint8_t, uint64_t

cimport cython

from hftapp.nic.port cimport Port
from hftapp.octets cimport be16, copy

cdef extern from *:
    uint64_t ticks "__builtin_ia32_rdtsc"() noexcept nogil

cdef int64_t _ETHERTYPE
cdef int64_t _HEADER

cdef class Echo:
    cdef Port _port
    cdef public int64_t frames
    cdef public int64_t others
    cdef int64_t _wanted
    cdef public int64_t[::1] samples

    @cython.locals(count=Py_ssize_t, i=Py_ssize_t, returned=uint64_t, before=int64_t)
    cpdef loop(self, int64_t turns)
    @cython.locals(length=Py_ssize_t)
    cdef bint _answer(self, const uint8_t *frame, Py_ssize_t length) except -1
