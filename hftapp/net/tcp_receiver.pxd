cimport cython
from libc.stdint cimport int64_t

from hftapp.net.sequence cimport seq_add, seq_diff
from hftapp.net.tcp_reassembly cimport Reassembly
from hftapp.net.tcp_segment cimport Segment

cdef int64_t _CHALLENGES, _SECOND

cdef class TcpReceiver:
    cdef public bint ack_pending
    cdef readonly bint peer_closed
    cdef readonly int offered_shift
    cdef readonly int shift
    cdef readonly bint sack
    cdef readonly Reassembly buffer
    cdef int64_t _fin_at
    cdef int64_t _advertised
    cdef int64_t _challenge_second
    cdef int64_t _challenges

    cpdef bint begin(self, Segment syn) except -1
    cdef int64_t next(self) noexcept
    @cython.locals(first=int64_t, window=int64_t, length=int64_t)
    cdef bint acceptable(self, Segment segment) noexcept
    cdef bint on_data(self, Segment segment) noexcept
    cdef bint on_fin(self, Segment segment) noexcept
    @cython.locals(most=int64_t)
    cdef void consume(self, Py_ssize_t count, bint open_for_data) noexcept
    @cython.locals(field=int64_t)
    cdef int64_t advertise(self) noexcept
    @cython.locals(second=int64_t)
    cdef bint may_challenge(self, int64_t now) noexcept
