cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.channel cimport Channel
from hftapp.clock cimport Clock, _read_tsc
from hftapp.lean cimport Borrowed, borrowed
from hftapp.net.checksum cimport bytes_at
from hftapp.net.counters cimport StackCounters
from hftapp.net.flows cimport Flows, known
from hftapp.net.stack cimport Stack
from hftapp.nic.port cimport Port
from hftapp.octets cimport be16

cdef int _IPV4, _TCP

cdef class Wire:
    cdef public Py_ssize_t count
    cdef public int64_t deadline
    cdef public int64_t ticks
    cdef int lines[32]
    cdef const uint8_t *frames[32]
    cdef Py_ssize_t starts[32]
    cdef Py_ssize_t sizes[32]

    cpdef Py_ssize_t rx(self, int64_t now) except -1
    cpdef settle(self, int64_t now)
    cpdef int line(self, Py_ssize_t i) noexcept
    cdef const uint8_t *data(self, Py_ssize_t i) noexcept
    cpdef Py_ssize_t at(self, Py_ssize_t i) noexcept
    cpdef Py_ssize_t length(self, Py_ssize_t i) noexcept
    cpdef bytes payload(self, Py_ssize_t i)
    cpdef Channel connect(self, host, int port, int64_t now)
    cpdef tx(self, int64_t now)
    cpdef tick(self, int64_t now)
    cpdef dict stats(self)
    cpdef close(self, int64_t now)
    cpdef release(self)

cdef class NicWire(Wire):
    cdef readonly Port port
    cdef Stack _stack
    cdef StackCounters _counters
    cdef Borrowed _flows
    cdef Clock _clock
    cdef public int64_t polled
    cdef bint _tsc
    cdef Py_ssize_t _link
    cdef Py_ssize_t _late_count
    cdef int _late[32]

    @cython.locals(count=Py_ssize_t, flow=int)
    cpdef Py_ssize_t rx(self, int64_t now) except -1
    @cython.locals(
        found=Py_ssize_t, i=Py_ssize_t, length=Py_ssize_t, flow=int, line=int, frame='const uint8_t *', link=Py_ssize_t,
        late=Py_ssize_t
    )
    cdef Py_ssize_t _sort(self, Py_ssize_t count, int64_t now) except -1
    @cython.locals(count=Py_ssize_t, i=Py_ssize_t, place=Py_ssize_t)
    cpdef settle(self, int64_t now)

# `clock.ticks()` without a call where that is one instruction.
cdef inline int64_t _stamp(NicWire wire) noexcept:
    if cython.likely(wire._tsc):
        return _read_tsc()
    return wire._clock.ticks()
