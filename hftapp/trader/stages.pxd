cimport cython
from libc.stdint cimport int64_t

from hftapp.clock cimport Clock, _read_tsc
from hftapp.histogram cimport Histogram
from hftapp.lean cimport Borrowed

cdef class Stages:
    cdef public int64_t burst_at
    cdef public int64_t parsed_at
    cdef public int64_t booked_at
    cdef public int64_t decided_at
    cdef public int64_t passed_at
    cdef public int64_t rung_at
    cdef public bint rung
    cdef readonly Clock clock
    cdef bint tsc
    cdef Histogram _parsed_hist
    cdef Histogram _booked_hist
    cdef Histogram _decided_hist
    cdef Histogram _passed_hist
    cdef Histogram _rung_hist
    cdef Histogram _total_hist

    cpdef void decided(self) noexcept
    cpdef void passed(self) noexcept
    cpdef bint note(self, int64_t decided, int64_t passed) noexcept
    cpdef void doorbell(self) noexcept
    @cython.locals(total=int64_t)
    cpdef int64_t record(self) noexcept

# `clock.ticks()` without a call where that is one instruction.
cdef inline int64_t stamp(Borrowed stages) noexcept:
    if cython.likely((<Stages>stages).tsc):
        return _read_tsc()
    return (<Stages>stages).clock.ticks()

cdef inline int64_t ticks_now(Stages stages) noexcept:
    return stamp(<Borrowed>stages)
