from libc.stdint cimport uint8_t, uint32_t, uint64_t

from hftapp.lean cimport Borrowed
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

cdef inline int known(Borrowed table, const uint8_t *frame, Py_ssize_t length) noexcept:
    cdef const uint8_t *packet = frame + (<Flows>table).link
    cdef Py_ssize_t room = length - (<Flows>table).start
    cdef Py_ssize_t size
    cdef int flow = 0, count = (<Flows>table).count
    cdef uint64_t hosts
    cdef uint32_t ports, fields
    # EtherType IPv4, IPv4 without options; no fragment, protocol UDP; multicast: all read as they stand.
    if room < 0 or word32(packet, -2) & 0xFFFFFF != 0x450008 or word32(packet, 6) & 0xFF00FF3FU != 0x11000000 or not frame[0] & 1:
        return -1
    if (<Flows>table).link != 14 and not (<Flows>table).tagged(frame):
        return -1
    hosts = word64(packet, 12)
    ports = word32(packet, 20)
    while True:
        if flow >= count:
            return -1
        if (<Flows>table).hosts[flow] == hosts and (<Flows>table).ports[flow] == ports:
            break
        flow += 1
    size = <Py_ssize_t>be16(packet, 24) - 8
    if <size_t>size > <size_t>room or be16(packet, 2) != <uint32_t>(size + 28):
        return -1
    if raw_sum(packet, 0, 20, 0) % 0xFFFF:
        return -1
    # Length and checksum; the length stands in the pseudo-header too.
    fields = word32(packet, 24)
    if fields >> 16 and raw_sum(packet, 28, size, (<Flows>table).sums[flow] + fields + (fields & 0xFFFF)) % 0xFFFF:
        return -1
    (<Flows>table).size = size
    return flow
