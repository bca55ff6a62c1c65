from libc.stdint cimport int32_t, int64_t, uint32_t

cdef inline int64_t seq_add(int64_t sequence, int64_t count) noexcept nogil:
    return <uint32_t>(sequence + count)

cdef inline int64_t seq_diff(int64_t left, int64_t right) noexcept nogil:
    return <int32_t><uint32_t>(left - right)
