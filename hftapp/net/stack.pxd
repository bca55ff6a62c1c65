cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hftapp.lean cimport borrowed
from hftapp.net.checksum cimport bytes_at, ones_sum, sum20
from hftapp.net.flows cimport Flows, known
from hftapp.net.outbox cimport Outbox
from hftapp.net.path cimport Path
from hftapp.net.tcp cimport TcpConnection
from hftapp.net.tcp_segment cimport Segment
from hftapp.octets cimport be16, be32, be48, be64

cdef int _HANDLED, _CLOSED

cdef class Stack(Outbox):
    cdef readonly bytes mac
    cdef readonly object address
    cdef readonly Py_ssize_t payload_at
    cdef readonly Py_ssize_t payload_length
    cdef readonly Flows flows
    cdef object _network
    cdef object _gateway
    cdef object _rng
    cdef object _tcp_config
    cdef object _arp
    cdef object _igmp
    cdef int64_t _neighbourly
    cdef uint64_t _mac
    cdef uint32_t _ip
    cdef uint32_t _vlan
    cdef readonly Py_ssize_t link
    cdef set _broadcasts
    cdef dict _subscriptions
    cdef int _joins
    cdef list _connections
    cdef list _frames
    cdef Segment _segment
    cdef int64_t _now

    cpdef int join(self, group, int port) except -1
    cpdef leave(self, group, int port)
    cpdef leave_all(self)
    cpdef announce(self)
    cpdef TcpConnection connect(self, host, int port, int64_t now)
    @cython.locals(flow=int)
    cdef int on_frame(self, const uint8_t *frame, Py_ssize_t length, int64_t now) except? -2
    @cython.locals(link=Py_ssize_t, total=Py_ssize_t, hosts=uint64_t, ports=uint32_t, connection=TcpConnection)
    cdef int on_rare_frame(self, const uint8_t *frame, Py_ssize_t length, int64_t now) except? -2
    cpdef int receive(self, bytes frame, int64_t now) except? -2
    @cython.locals(connection=TcpConnection)
    cpdef flush(self, int64_t now)
    @cython.locals(connection=TcpConnection, closed=bint)
    cpdef tick(self, int64_t now)
    cdef int _on_own_segment(self, TcpConnection connection, const uint8_t *frame, Py_ssize_t link, Py_ssize_t total, int64_t now) except -1
    cdef int _on_other_frame(self, const uint8_t *frame, Py_ssize_t length, int64_t now) except? -2
    cdef int _on_copy(self, bytes frame) except? -2
    cdef int _on_packet(self, bytes frame, Py_ssize_t start) except? -2
    cdef int _on_priority_tag(self, bytes frame, Py_ssize_t start) except? -2
    cdef int _on_ipv4(self, bytes frame, Py_ssize_t start) except? -2
    cdef int _on_udp(self, bytes frame, packet) except? -2
    @cython.locals(connection=TcpConnection, segment=Segment, hosts=uint64_t, ports=uint32_t)
    cdef _on_tcp(self, bytes frame, packet)
    cdef _refuse(self, bytes frame, packet, Segment segment, pseudo)
    cdef bytes _link_header(self, bytes destination)
    cdef _put_all(self, list frames)
    @cython.locals(number=int64_t, connection=TcpConnection)
    cdef _lay_out(self)
    cdef _ask(self, Path path, int64_t now)
    @cython.locals(connection=TcpConnection)
    cdef _neighbour_known(self, int64_t address)
    @cython.locals(connection=TcpConnection)
    cdef _tick_neighbours(self, int64_t now)
    cdef _plan(self)
    @cython.locals(connection=TcpConnection)
    cdef _plan_connections(self)
    @cython.locals(connection=TcpConnection)
    cdef _prune(self)
    cdef int _free_port(self) except -1
