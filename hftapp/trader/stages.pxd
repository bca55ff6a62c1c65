cimport cython
from libc.stdint cimport int64_t

from hftapp.clock cimport Clock
from hftapp.histogram cimport Histogram

cdef class Stages:
    cdef Clock _clock
    cdef Histogram _parsed_hist
    cdef Histogram _booked_hist
    cdef Histogram _decided_hist
    cdef Histogram _passed_hist
    cdef Histogram _rung_hist
    cdef Histogram _total_hist
    cdef int64_t _burst
    cdef int64_t _parsed
    cdef int64_t _booked
    cdef int64_t _decided
    cdef int64_t _passed
    cdef int64_t _rung_at
    cdef public bint rung

    cpdef start(self, int64_t burst)
    cpdef booked(self)
    cpdef decided(self)
    cpdef passed(self)
    cpdef doorbell(self)
    @cython.locals(total=int64_t)
    cpdef int64_t record(self)
