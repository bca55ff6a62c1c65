cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef int _ENTER, _REPLACE, _CANCEL
cdef Py_ssize_t _ENTER_SIZE, _REPLACE_SIZE, _CANCEL_SIZE
cdef int64_t _MAX_QUANTITY, _MAX_PRICE
cdef int _SIDE, _TIME, _DISPLAY, _CAPACITY
cdef bytes _FLAGS

cdef uint32_t u32(const unsigned char* data, Py_ssize_t at) noexcept
@cython.locals(found=int, i=Py_ssize_t)
cdef bint _ascii(const unsigned char* data, Py_ssize_t start, Py_ssize_t end) noexcept

cdef class OuchReader:
    cdef public int64_t ref
    cdef public int64_t orig_ref
    cdef public int side
    cdef public int64_t quantity
    cdef public bytes stock
    cdef public int64_t price
    cdef public int time_in_force
    cdef public int display
    cdef public int capacity
    cdef public int sweep
    cdef public bytes cl_ord_id

    @cython.locals(size=Py_ssize_t)
    cpdef int read(self, bytes data)
    cdef bint _enter(self, bytes data)
    cdef bint _replace(self, bytes data)
    cdef bint _in_range(self)
