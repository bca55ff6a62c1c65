cimport cython
from libc.stdint cimport int64_t, uint64_t

from exchange.orders cimport Order
from exchange.ticket cimport Ticket

cdef int _A, _U, _C, _E, _J, _VISIBLE, _CONFORMANT, _LIVE, _INDEX_TAG

cdef bytes _taken(bytearray buffer, Py_ssize_t size)
cdef int _put_u32(unsigned char* buffer, Py_ssize_t at, unsigned int value) noexcept
cdef int _put_u64(unsigned char* buffer, Py_ssize_t at, unsigned long long value) noexcept
@cython.locals(i=Py_ssize_t)
cdef int _put_text(unsigned char* buffer, Py_ssize_t at, bytes text, Py_ssize_t size) except -1

cdef class OuchWriter:
    cdef bytearray _buffer

    @cython.locals(buffer=cython.p_uchar)
    cpdef bytes accepted(self, int64_t time, Order order, Ticket ticket)
    @cython.locals(buffer=cython.p_uchar)
    cpdef bytes replaced(self, int64_t time, Order order, Ticket ticket)
    @cython.locals(buffer=cython.p_uchar)
    cpdef bytes cancelled(self, int64_t time, int64_t token, int64_t shares, int reason)
    @cython.locals(buffer=cython.p_uchar)
    cpdef bytes executed(self, int64_t time, int64_t token, int64_t shares, int64_t price, int flag, int64_t match)
    @cython.locals(buffer=cython.p_uchar)
    cpdef bytes rejected(self, int64_t time, int64_t token, int code, bytes cl_ord_id)
    @cython.locals(buffer=cython.p_uchar, price=int64_t, display=int)
    cdef _terms(self, Py_ssize_t at, Order order, Ticket ticket)
    @cython.locals(length=Py_ssize_t, message=bytes)
    cdef bytes _appended(self, Py_ssize_t size, bytes echo)
    @cython.locals(buffer=cython.p_uchar, index=int)
    cdef bytes _indexed(self, Py_ssize_t size, int64_t token)
