cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport be16, put16
from hftapp.channel cimport Channel

cdef int _DOWN, _LOGIN_SENT, _ACTIVE, _NOTHING, _LOST
cdef int64_t _NEVER, _HEARTBEAT, _PATIENCE
cdef Py_ssize_t _MAX_LENGTH, _HEADER
cdef unsigned char _H, _R, _S, _U

cdef class SequencedHandler:
    cdef on_sequenced(self, int64_t sequence, const uint8_t *data, Py_ssize_t at, Py_ssize_t length)

cdef class SoupLink:
    cdef public str session
    cdef public int64_t next_sequence
    cdef public int state
    cdef public int64_t deadline
    cdef public str detail
    cdef public int64_t accepted
    cdef str _username
    cdef str _password
    cdef SequencedHandler _handler
    cdef int64_t _incoming
    cdef int64_t _heard
    cdef int64_t _spoke

    cpdef login(self, Channel channel, int64_t now)
    cpdef logout(self, Channel channel, int64_t now)
    cpdef bint lost(self)
    cpdef bint begin(self, Channel channel, Py_ssize_t length, int64_t now) except -1
    cpdef commit(self, Channel channel, Py_ssize_t length, int64_t now)
    @cython.locals(left=Py_ssize_t, start=Py_ssize_t, length=Py_ssize_t, kind=int, event=int, sequence=int64_t)
    cpdef int read(self, Channel channel, int64_t now) except -1
    cpdef int tick(self, Channel channel, int64_t now) except -1
    cdef _say(self, Channel channel, bytes packet, int64_t now)
    @cython.locals(deadline=int64_t)
    cdef void _plan(self) noexcept
    cdef int _lose(self, str reason) except -1
    @cython.locals(i=Py_ssize_t)
    cdef int _rare(self, Channel channel, Py_ssize_t start, Py_ssize_t length) except -1
    cdef int _accepted(self, object packet) except -1
