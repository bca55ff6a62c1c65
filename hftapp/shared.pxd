from libc.stdint cimport int64_t, uint8_t

cdef extern from *:
    int64_t _load "__atomic_load_n"(int64_t *, int) noexcept nogil
    void _store "__atomic_store_n"(int64_t *, int64_t, int) noexcept nogil
    int _ACQUIRE "__ATOMIC_ACQUIRE"
    int _RELEASE "__ATOMIC_RELEASE"

cdef inline uint8_t *octets_of(uint8_t[::1] view) noexcept:
    return &view[0]

cdef inline int64_t *words_of(int64_t[::1] view) noexcept:
    return &view[0]

cdef inline int64_t acquire(int64_t *words, Py_ssize_t i) noexcept nogil:
    return _load(words + i, _ACQUIRE)

cdef inline void release(int64_t *words, Py_ssize_t i, int64_t value) noexcept nogil:
    _store(words + i, value, _RELEASE)
