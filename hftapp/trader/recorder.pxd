cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.nic.port cimport Port
from hftapp.ring cimport Ring

cdef int _FIRST, _MORE, _TURN, _END

cdef class Recorder:
    cdef Ring _ring
    cdef Port _port
    cdef bytes _empty
    cdef int64_t[::1] _counts
    cdef public int64_t lost

    @cython.locals(nothing=cython.p_const_uchar, kind=int, i=Py_ssize_t)
    cpdef frames(self, int64_t now, Py_ssize_t count)
    @cython.locals(nothing=cython.p_const_uchar)
    cpdef command(self, int64_t now, int kind)
    @cython.locals(nothing=cython.p_const_uchar)
    cpdef end(self, int64_t now)
    cdef _push(self, int kind, int64_t now, const uint8_t *data, Py_ssize_t length)
