from libc.stdint cimport int64_t, uint64_t

cdef inline Py_ssize_t home_of(uint64_t reference, int shift) noexcept nogil:
    return <Py_ssize_t>((reference >> 2) * <uint64_t>0x9E3779B97F4A7C15ULL >> shift << 3 | (reference & 3) << 1)

cdef inline int64_t higher_of_four(const uint64_t *words, int64_t at, uint64_t limit) noexcept nogil:
    return (
        <int64_t>(words[at] > limit)
        + <int64_t>(words[at - 2] > limit)
        + <int64_t>(words[at - 4] > limit)
        + <int64_t>(words[at - 6] > limit)
    )
