from libc.stdint cimport int64_t

from hftapp.net.counters cimport StackCounters
from hftapp.nic.port cimport Port
from hftapp.octets cimport copy

cdef int _BURST

cdef class Outbox:
    cdef readonly StackCounters counters
    cdef public int64_t deadline
    cdef Port port
    cdef int64_t laid_out
    cdef int64_t latest
    cdef int64_t _paths
    cdef int _queued

    cdef int64_t number(self) noexcept
    cdef int queue(self, Py_ssize_t length) except -1
    cdef int launched(self, bint queued) except -1
    cdef int ring(self) except -1
    cdef int put(self, bytes frame) except -1
