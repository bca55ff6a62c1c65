cimport cython
from libc.stdint cimport int64_t

from hftapp.trader.gateway cimport OrderGateway

cdef class Breaker:
    cdef readonly set reasons
    cdef readonly bint tripped
    cdef readonly bint stale
    cdef OrderGateway _gateway
    cdef int64_t _next_cancel

    cpdef bint trip(self, str reason, int64_t now) except -1
    cpdef bint reset(self, str reason) except -1
    cpdef answered(self, int64_t now)
    cpdef timer(self, int64_t now)
    cdef _judge(self)
    cdef _cancel(self, int64_t now)
