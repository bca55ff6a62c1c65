cimport cython
from libc.stdint cimport int64_t, uint8_t, uint64_t

from hftapp.nic.port cimport Port
from hftapp.net.checksum cimport bytes_at, put_checksum, raw_sum
from hftapp.net.tcp_machine cimport TcpMachine
from hftapp.net.tcp_reassembly cimport Reassembly
from hftapp.net.tcp_sender cimport TcpSender
from hftapp.octets cimport copy, put32, put64

cdef int64_t _STAGING
cdef int _RST, _ACK
cdef int _CLOSED, _SYN_SENT, _SYN_RECEIVED, _ESTABLISHED, _FIN_WAIT_1
cdef int _FIN_WAIT_2, _CLOSE_WAIT, _CLOSING, _LAST_ACK, _TIME_WAIT

cdef class TcpConnection(TcpMachine):
    cdef Py_ssize_t _placed
    cdef Py_ssize_t _staged
    cdef Py_ssize_t _sent
    cdef bint _queued
    cdef Port _port
    cdef Py_ssize_t _payload_at
    cdef bytearray _store
    cdef uint8_t *_staging
    cdef const uint8_t *_ahead
    cdef Py_ssize_t _ahead_length

    cpdef bint reserve(self, Py_ssize_t length, int64_t now) except -1
    cdef int foresee(self, const uint8_t *message, Py_ssize_t length) noexcept
    cpdef commit(self, Py_ssize_t length, int64_t now)
    @cython.locals(window=int64_t, at=Py_ssize_t, out='uint8_t *')
    cpdef int launch(self, Py_ssize_t length, int64_t now) except -1
    @cython.locals(length=Py_ssize_t)
    cpdef int keep(self, int64_t now) except -1
    @cython.locals(sender=TcpSender)
    cpdef send(self, bytes data, int64_t now)
    @cython.locals(buffer=Reassembly)
    cpdef Py_ssize_t receive(self, int64_t now) except -1
    @cython.locals(buffer=Reassembly, phase=int)
    cpdef consume(self, Py_ssize_t count)
    @cython.locals(count=Py_ssize_t)
    cpdef bytes read(self, int64_t now)
    cpdef close(self, int64_t now)
    cpdef abort(self)
    cdef bint _may_send(self) noexcept
    cdef bint _reserve_aside(self, Py_ssize_t length) except -1
    cdef int lay_out(self) except -1
    cdef int _launch_aside(self, Py_ssize_t length, int64_t now) except -1
