cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hftapp.channel cimport Channel
from hftapp.net.counters cimport TcpCounters
from hftapp.net.path cimport Path
from hftapp.net.sequence cimport seq_add, seq_diff
from hftapp.net.tcp_keepalive cimport KeepAlive
from hftapp.net.tcp_receiver cimport TcpReceiver
from hftapp.net.tcp_segment cimport Segment
from hftapp.net.tcp_sender cimport TcpSender
from hftapp.octets cimport copy, put32

cdef int64_t _NEVER
cdef int _DEAD, _PROBE
cdef int _FIN, _SYN, _RST, _PSH, _ACK, _HEADER, _OPTION_BYTE
cdef int _CLOSED, _SYN_SENT, _SYN_RECEIVED, _ESTABLISHED, _FIN_WAIT_1
cdef int _FIN_WAIT_2, _CLOSE_WAIT, _CLOSING, _LAST_ACK, _TIME_WAIT

cdef class TcpMachine(Channel):
    cdef readonly str error
    cdef readonly TcpCounters counters
    cdef readonly Path path
    cdef readonly str peer_name
    cdef readonly int64_t deadline
    cdef uint64_t hosts
    cdef uint32_t ports
    cdef int phase
    cdef TcpSender sender
    cdef TcpReceiver receiver
    cdef int64_t credit
    cdef KeepAlive _keep_alive
    cdef int _mss
    cdef int64_t _time_wait
    cdef int64_t _fin_wait_2
    cdef int64_t _max_retransmissions
    cdef int64_t _max_syn_retransmissions
    cdef int64_t _end_deadline

    cpdef flush(self)
    cpdef on_timer(self, int64_t now)
    cpdef on_segment(self, Segment segment, int64_t now)
    @cython.locals(deadline=int64_t, sender=TcpSender)
    cdef void settle(self) noexcept
    cdef enter(self, int phase)
    cdef int output(self, int64_t now) except -1
    cdef end(self, error)
    @cython.locals(acked=bint, scaled=bint)
    cdef _in_syn_sent(self, Segment segment, int64_t now)
    cdef _open(self, int64_t acknowledgement, int64_t now)
    @cython.locals(first=int64_t)
    cdef _on_reset(self, Segment segment, int64_t now)
    cdef _on_unacceptable(self, Segment segment, int64_t now)
    cdef int _in_window(self, Segment segment, int64_t now) except -1
    @cython.locals(phase=int)
    cdef int _take(self, Segment segment, int64_t now) except -1
    @cython.locals(number=int64_t, acked=int64_t, outstanding=bint, changed=bint, sender=TcpSender)
    cdef bint _on_ack(self, Segment segment, int64_t now) except -1
    cdef _on_fin(self, int64_t now)
    cdef _on_fin_acknowledged(self, int64_t now)
    cdef _enter_time_wait(self, int64_t now)
    @cython.locals(opening=bint, limit=int64_t)
    cdef _on_rto(self, int64_t now)
    cdef _on_persist(self, int64_t now)
    @cython.locals(verdict=int)
    cdef _on_keep_alive(self, int64_t now)
    @cython.locals(flags=int, window=int64_t, room='uint8_t *', sender=TcpSender)
    cdef int _emit_chunk(self) except -1
    @cython.locals(size=Py_ssize_t, at=Py_ssize_t, window=int64_t, room='uint8_t *', receiver=TcpReceiver)
    cdef int emit(self, int64_t sequence, int flags) except -1
    @cython.locals(options=bytes, room='uint8_t *', flags=int, window=int64_t, acknowledgement=int64_t)
    cdef _send_syn(self, int64_t now)
    cdef int _send_ack(self) except -1
    cdef _reset(self, Segment segment)
    cdef _challenge(self, int64_t now)
