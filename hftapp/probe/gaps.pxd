cimport cython
from libc.stdint cimport int64_t

from hftapp.clock cimport _read_tsc
from hftapp.histogram cimport Histogram
from hftapp.shared cimport acquire, words_of

cdef Py_ssize_t _STATE, _COUNT, _STOLEN, _TURN, _THRESHOLD, _START, _END, _TURNS, _LONGEST
cdef int64_t _WARM, _MEASURE, _WARM_TURNS, _BATCH, _NEVER
cdef Py_ssize_t _KEPT

cdef class GapProbe:
    cdef object _view
    cdef int64_t *_words
    cdef Histogram _histogram
    cdef int64_t _factor

    @cython.locals(previous=int64_t, now=int64_t, least=int64_t, left=int64_t, turns=int64_t, turn=int64_t)
    cpdef int64_t warm(self) noexcept
    @cython.locals(previous=int64_t, now=int64_t, gap=int64_t, threshold=int64_t, turns=int64_t)
    cpdef void measure(self) noexcept
    @cython.locals(place=Py_ssize_t, least=Py_ssize_t)
    cdef void _note(self, int64_t gap, int64_t now) noexcept
