cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from hftapp.feed.announced cimport Announced
from hftapp.feed.handler cimport MessageHandler
from hftapp.feed.holdback cimport HoldBack
from hftapp.octets cimport be16, be64

cdef int64_t _NEVER, _MAX_JUMP, _UNSET
cdef uint32_t _NO_SESSION
cdef uint64_t _HIGHEST
cdef enum:
    _HEADER = 20
    _END = 0xFFFF
    _PACKETS = 0
    _MESSAGES = 1
    _DUPLICATES = 2
    _HEARTBEATS = 3
    _GAPS = 4
    _LOST = 5
    _MALFORMED = 6
    _WRONG_SESSION = 7
    _IMPLAUSIBLE = 8
    _HELD = 9
    _OVERSIZED = 10
    _LINES = 11


cdef class Arbiter:
    cdef readonly int64_t deadline       # NEVER = 2**63 - 1 while no gap is open
    cdef readonly bint gap_open
    cdef readonly bint new_gaps          # `take_gaps` has something
    cdef readonly bint ended
    cdef readonly int64_t current
    cdef readonly int64_t next_number    # -1: not known yet
    cdef readonly int64_t[::1] counts    # see COUNTERS
    cdef readonly int64_t[::1] heard
    cdef MessageHandler _handler
    cdef bint _joined
    cdef uint64_t _head
    cdef uint32_t _tail
    cdef uint64_t _foreign_head
    cdef uint32_t _foreign_tail
    cdef int64_t _timeout
    cdef bint _watchful
    cdef int64_t _end
    cdef int64_t _far
    cdef HoldBack _early
    cdef Announced _announced
    cdef list _gaps

    cpdef list take_gaps(self)
    cpdef int64_t on_datagram(self, int line, bytes payload, int64_t now) except -1
    @cython.locals(ours=bint, sequence=int64_t, size=Py_ssize_t)
    cdef int64_t on_packet(self, int line, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, int64_t now) except -1
    @cython.locals(ours=bint, number=uint64_t, sequence=int64_t, count=int64_t, skip=int64_t)
    cdef int64_t _take(self, int line, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, int64_t now) except -1
    @cython.locals(passed=int64_t, resume=int64_t)
    cpdef int64_t tick(self, int64_t now) except -1
    @cython.locals(count=int64_t, plain=bint, i=int)
    cdef bint _belongs(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) noexcept
    cdef void _join(self, const uint8_t *data, Py_ssize_t at) noexcept
    @cython.locals(end=Py_ssize_t, position=Py_ssize_t, left=int64_t, size=Py_ssize_t)
    cdef bint _framed(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, int64_t count) noexcept
    @cython.locals(position=Py_ssize_t, left=int64_t, size=Py_ssize_t)
    cdef void _pass_on(self, const uint8_t *data, Py_ssize_t at, int64_t count, int64_t skip) noexcept
    cdef int64_t _control(self, Py_ssize_t length, int64_t sequence, int64_t count, int64_t now) noexcept
    cdef bint _plausible(self, int64_t sequence, int64_t after) noexcept
    @cython.locals(known=Py_ssize_t)
    cdef int64_t _hold(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t length, int64_t sequence, int64_t count, int64_t now) except -1
    cdef int64_t _give_up(self, int64_t resume) except -1
    @cython.locals(passed=int64_t, count=int64_t, skip=int64_t)
    cdef int64_t _release(self) noexcept
    @cython.locals(opened=int64_t)
    cdef void _settle(self) noexcept
