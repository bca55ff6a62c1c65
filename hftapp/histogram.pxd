from libc.stdint cimport int64_t, uint64_t
cimport cython

from hftapp.shared cimport words_of

cdef extern from *:
    int _leading_zeros "__builtin_clzll"(uint64_t) noexcept nogil

cdef int64_t _TOP
cdef Py_ssize_t _COUNTS

cdef inline int _shift(int64_t value) noexcept nogil:
    return 56 - _leading_zeros(<uint64_t>value | 1)

cdef class Histogram:
    cdef readonly object words
    cdef int64_t *_words

    @cython.locals(shift=int)
    cpdef void record(self, int64_t value) noexcept
