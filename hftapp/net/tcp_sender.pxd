cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.net.sequence cimport seq_add, seq_diff
from hftapp.net.tcp_congestion cimport NewReno
from hftapp.net.tcp_rto cimport RtoEstimator
from hftapp.octets cimport copy

cdef int64_t _NEVER

cdef class TcpSender:
    cdef readonly int64_t una
    cdef readonly int64_t nxt
    cdef readonly int64_t max
    cdef readonly int64_t base
    cdef readonly int64_t recover
    cdef readonly int64_t count
    cdef readonly int64_t limit
    cdef public bint fin_queued
    cdef readonly int64_t window
    cdef readonly int64_t mss
    cdef readonly NewReno congestion
    cdef readonly RtoEstimator rto
    cdef readonly int64_t rto_deadline
    cdef readonly int64_t persist_deadline
    cdef public int64_t unanswered
    cdef public int64_t retransmitted
    cdef readonly int64_t chunk_sequence
    cdef readonly int64_t chunk_offset
    cdef readonly int64_t chunk_length
    cdef readonly bint chunk_fin
    cdef readonly bint chunk_push
    cdef bytearray _store
    cdef uint8_t *_ring
    cdef int64_t _mask
    cdef int64_t _head
    cdef int64_t _own_mss
    cdef int64_t _rto_max
    cdef int64_t _max_window
    cdef int _shift
    cdef int64_t _wl1
    cdef int64_t _wl2
    cdef int64_t _timed_sequence
    cdef int64_t _timed_at
    cdef int _persist_backoff

    @cython.locals(place=int64_t, before_end=int64_t)
    cdef void append(self, const uint8_t *data, Py_ssize_t at, int64_t length) noexcept
    @cython.locals(place=int64_t, before_end=int64_t)
    cdef void fill(self, uint8_t *room, Py_ssize_t at) noexcept
    cdef void forget(self) noexcept
    cdef void start_timer(self, int64_t now) noexcept
    cpdef negotiated(self, int announced, int shift)
    cpdef int64_t in_flight(self) noexcept
    @cython.locals(end=int64_t)
    cdef int64_t ack_sequence(self) noexcept
    cdef bint fin_acknowledged(self) noexcept
    cdef bint valid_ack(self, int64_t number) noexcept
    @cython.locals(usable=int64_t)
    cdef int64_t credit(self) noexcept
    cdef void commit(self, const uint8_t *data, Py_ssize_t at, int64_t length, int64_t now) noexcept
    @cython.locals(offset=int64_t, available=int64_t, length=int64_t, fin=bint)
    cdef bint next_chunk(self, int64_t now) noexcept
    @cython.locals(sent=int64_t, length=int64_t, fin=bint)
    cdef void first_chunk(self) noexcept
    @cython.locals(waiting=bint, wait=int64_t)
    cdef void arm_persist(self, int64_t now) noexcept
    @cython.locals(offset=int64_t, available=int64_t, length=int64_t)
    cdef bint on_persist(self, int64_t now) noexcept
    cdef int on_rto(self) except -1
    @cython.locals(newer=int64_t)
    cdef bint on_window(self, int64_t sequence, int64_t acknowledgement, int64_t window) noexcept
    @cython.locals(changed=bint)
    cdef bint set_window(self, int64_t sequence, int64_t acknowledgement, int64_t window) noexcept
    @cython.locals(acked=int64_t, count=int64_t)
    cdef bint on_ack(self, int64_t acknowledgement, int64_t now) except -1
    @cython.locals(lost=bint)
    cdef bint on_duplicate(self) except -1
    cdef bint _after_ack(self, int64_t acked) except -1
    @cython.locals(usable=int64_t)
    cdef int64_t _usable(self) noexcept
    cdef void _choose(self, int64_t sequence, int64_t offset, int64_t length, bint fin) noexcept
    @cython.locals(fresh=bint)
    cdef void _send(self, int64_t offset, int64_t length, bint fin, int64_t now) noexcept
