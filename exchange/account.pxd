cdef bytes _COPIED

cdef class EntryCounters:
    cdef public long long received
    cdef public long long accepted
    cdef public long long rejected
    cdef public long long executed_shares
    cdef public long long cancelled
    cdef public long long prevented
    cdef public long long added_shares
    cdef public long long removed_shares

cdef class Account:
    cdef public object login
    cdef public object stream
    cdef public EntryCounters counters
    cdef public object on_output
    cdef public object copies
    cdef public bytes label
    cdef object _on_record

    cpdef received(self, bytes data)
    cpdef send_bytes(self, bytes data)
