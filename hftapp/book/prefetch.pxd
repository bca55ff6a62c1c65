from libc.stdint cimport uint8_t

cdef extern from *:
    void _prefetch "__builtin_prefetch"(const void *address) noexcept nogil

cdef inline void prefetch(const void *address) noexcept nogil:
    _prefetch(address)
