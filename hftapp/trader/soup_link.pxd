cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.octets cimport be16
from hftapp.channel cimport Channel

cdef enum:
    _DOWN = 0
    _LOGIN_SENT = 1
    _ACTIVE = 2
    _NOTHING = 0
    _LOST = 4
    _HEADER = 3

cdef int64_t _NEVER, _HEARTBEAT, _PATIENCE
cdef Py_ssize_t _MAX_LENGTH
cdef unsigned char _H, _R, _S

cdef class SequencedHandler:
    cdef on_sequenced(self, int64_t sequence, const uint8_t *data, Py_ssize_t at, Py_ssize_t length)

cdef class SoupLink:
    cdef public str session
    cdef public int64_t next_sequence
    cdef public int state
    cdef public int64_t deadline
    cdef public int64_t spoke
    cdef public str detail
    cdef public int64_t accepted
    cdef str _username
    cdef str _password
    cdef SequencedHandler _handler
    cdef int64_t _incoming
    cdef int64_t _heard
    cdef Py_ssize_t _unread

    cpdef login(self, Channel channel, int64_t now)
    cpdef logout(self, Channel channel, int64_t now)
    cpdef bint lost(self)
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
