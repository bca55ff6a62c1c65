from libc.stdint cimport int64_t

cdef class StackCounters:
    cdef public int64_t received
    cdef public int64_t sent
    cdef public int64_t delivered
    cdef public int64_t malformed_ethernet
    cdef public int64_t malformed_arp
    cdef public int64_t malformed_ip
    cdef public int64_t malformed_igmp
    cdef public int64_t malformed_udp
    cdef public int64_t malformed_tcp
    cdef public int64_t bad_checksum_ip
    cdef public int64_t bad_checksum_igmp
    cdef public int64_t bad_checksum_udp
    cdef public int64_t bad_checksum_tcp
    cdef public int64_t not_ours
    cdef public int64_t other_vlan
    cdef public int64_t unknown_ethertype
    cdef public int64_t unknown_protocol
    cdef public int64_t fragments
    cdef public int64_t bad_source
    cdef public int64_t no_listener
    cdef public int64_t no_connection
    cdef public int64_t igmp_ignored
    cdef public int64_t arp_ignored
    cdef public int64_t arp_requests
    cdef public int64_t arp_replies
    cdef public int64_t arp_conflicts
    cdef public int64_t arp_unresolved
    cdef public int64_t igmp_reports
    cdef public int64_t tx_overflow

    cpdef dict as_dict(self)

cdef class TcpCounters:
    cdef public int64_t received
    cdef public int64_t sent
    cdef public int64_t out_of_order
    cdef public int64_t unacceptable
    cdef public int64_t challenges
    cdef public int64_t duplicate_acks
    cdef public int64_t fast_retransmits
    cdef public int64_t timeouts
    cdef public int64_t window_probes
    cdef public int64_t keep_alives

    cpdef dict as_dict(self)
