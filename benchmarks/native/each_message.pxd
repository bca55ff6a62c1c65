cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.book.books cimport Books
from hftapp.clock cimport Clock
from hftapp.octets cimport be16

cdef int _NEAR, _FAR

cdef class EachMessage:
    cdef readonly Books books
    cdef public int64_t[::1] ticks
    cdef Clock _clock
    cdef int64_t _room

    @cython.locals(count=int64_t, length=Py_ssize_t, began=int64_t)
    cpdef int64_t run(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end) except? -1
    @cython.locals(count=int64_t, length=Py_ssize_t, far=Py_ssize_t, near=Py_ssize_t, began=int64_t, now=int64_t)
    cpdef int64_t run_stream(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t end) except? -1
    @cython.locals(i=int64_t, began=int64_t)
    cpdef clock_alone(self, int64_t count)
