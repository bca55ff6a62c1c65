cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.net.checksum cimport checksum
from hftapp.net.sequence cimport seq_add
from hftapp.octets cimport be16, be32

cdef int _END, _NOP, _MSS, _WINDOW_SCALE, _SACK_PERMITTED

cdef class Segment:
    cdef readonly int64_t sequence
    cdef readonly int64_t acknowledgement
    cdef readonly int flags
    cdef readonly int64_t window
    cdef readonly int mss
    cdef readonly int window_shift
    cdef readonly bint sack_permitted
    cdef readonly Py_ssize_t data_at
    cdef readonly Py_ssize_t data_length
    cdef const uint8_t *frame

    @cython.locals(size=Py_ssize_t)
    cdef bint read(self, const uint8_t *frame, Py_ssize_t start, Py_ssize_t end) noexcept
    cpdef int64_t length(self) noexcept
    @cython.locals(kind=int, size=Py_ssize_t)
    cdef bint _read_options(self, const uint8_t *frame, Py_ssize_t at, Py_ssize_t end) noexcept
