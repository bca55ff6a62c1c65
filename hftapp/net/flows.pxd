from libc.stdint cimport uint8_t, uint32_t, uint64_t

from hftapp.net.checksum cimport raw_sum
from hftapp.nic.area cimport word32, word64
from hftapp.octets cimport be16

cimport cython

cdef int _FLOWS

cdef class Flows:
    cdef readonly Py_ssize_t link
    cdef readonly Py_ssize_t start
    cdef readonly Py_ssize_t size
    cdef readonly int count
    cdef int lines[16]
    cdef uint64_t hosts[16]
    cdef uint32_t ports[16]
    cdef uint64_t sums[16]
    cdef uint32_t _vlan
    cdef int _next

    @cython.locals(i=int, hosts=uint64_t, ports=uint32_t)
    cpdef learn(self, bytes frame, Py_ssize_t start, int line)
    cpdef forget(self)
    cdef bint tagged(self, const uint8_t *frame) noexcept

cdef inline int known(Flows flows, const uint8_t *frame, Py_ssize_t length) noexcept:
    cdef const uint8_t *packet = frame + flows.link
    cdef Py_ssize_t room = length - flows.start
    cdef Py_ssize_t size
    cdef int flow = 0, count = flows.count
    cdef uint64_t hosts
    cdef uint32_t ports, fields
    # EtherType IPv4, IPv4 without options; more fragments, fragment offset, protocol; multicast: all read as they stand.
    if room < 0 or word32(packet, -2) & 0xFFFFFF != 0x450008 or be16(packet, 6) & 0x3FFF or packet[9] != 17 or not frame[0] & 1:
        return -1
    if flows.link != 14 and not flows.tagged(frame):
        return -1
    hosts = word64(packet, 12)
    ports = word32(packet, 20)
    while True:
        if flow >= count:
            return -1
        if flows.hosts[flow] == hosts and flows.ports[flow] == ports:
            break
        flow += 1
    size = <Py_ssize_t>be16(packet, 24) - 8
    if <size_t>size > <size_t>room or be16(packet, 2) != <uint32_t>(size + 28):
        return -1
    if raw_sum(packet, 0, 20, 0) % 0xFFFF:
        return -1
    # Length and checksum; the length stands in the pseudo-header too.
    fields = word32(packet, 24)
    if fields >> 16 and raw_sum(packet, 28, size, flows.sums[flow] + fields + (fields & 0xFFFF)) % 0xFFFF:
        return -1
    flows.size = size
    return flow
