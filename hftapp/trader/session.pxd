cimport cython
from libc.stdint cimport int64_t, uint8_t

from hftapp.channel cimport Channel
from hftapp.lean cimport Borrowed
from hftapp.octets cimport copy, put16
from hftapp.ring cimport Ring
from hftapp.trader.soup_link cimport SequencedHandler, SoupLink
from hftapp.wire cimport Wire

cdef int64_t _NEVER
cdef int _ANSWER
cdef enum:
    _ACTIVE = 2
    _NOTHING = 0
    _HEADER = 3
    _UNSEQUENCED = 85

cdef class ReplyHandler:
    cdef int on_reply(self, int venue, const uint8_t *data, Py_ssize_t at, Py_ssize_t length) except -1

cdef class OrderSession(SequencedHandler):
    cdef readonly int venue
    cdef object _settings
    cdef Wire _wire
    cdef ReplyHandler _handler
    cdef Ring _journal
    cdef int64_t _epoch
    cdef int64_t _now
    cdef object _say
    cdef SoupLink _soup
    cdef SoupLink _link
    cdef int64_t _old
    cdef bint _queried
    cdef int _refusals
    cdef Channel _channel
    cdef bint _greeted
    cdef int64_t _retry_at
    cdef int64_t _backoff
    cdef int64_t _connect_deadline
    cdef Py_ssize_t _length
    cdef int64_t _sent_kind
    cdef int64_t _heard_kind
    cdef int64_t _replies
    cdef uint8_t *out
    cdef Py_ssize_t out_at
    cdef public bint ready
    cdef public str over
    cdef public bint failed
    cdef public int64_t unsent
    cdef public int64_t reconnects
    cdef public int64_t malformed
    cdef int64_t[::1] sent
    cdef bytearray _nowhere
    cdef bytearray _ahead_store
    cdef uint8_t *_ahead
    cdef Py_ssize_t _foreseen

    cdef bint begin(self, Py_ssize_t length, int64_t now) except -1
    cpdef foresee(self, bytes template)
    cdef bint begin_foreseen(self, int64_t now) except -1
    cdef int launch(self, int64_t now) except -1
    cdef int keep(self, int64_t now) except -1
    cdef int commit(self, int64_t now) except -1
    @cython.locals(i=Py_ssize_t)
    cpdef bint send(self, bytes message, int64_t now) except -1
    @cython.locals(channel=Channel, link=SoupLink, before=int64_t, event=int)
    cpdef bint poll(self, int64_t now) except -1
    @cython.locals(kind=int)
    cpdef dict sent_by_type(self)
    cpdef int64_t due(self) except -1
    cpdef logout(self, int64_t now)
    cpdef abort(self)
    cdef on_sequenced(self, int64_t sequence, const uint8_t *data, Py_ssize_t at, Py_ssize_t length)
    cdef _overflow(self)
    cdef _bad(self, Py_ssize_t length)
    cdef _untaken(self, Py_ssize_t length)
    cdef bint _settles(self, int64_t sequence)

# Interpreted the functions of the same names in session.py run; these are part of whatever function calls them.
cdef inline bint foreseen(Borrowed session, int64_t now) except -1:
    if cython.likely(
        (<OrderSession>session)._channel.reserve(_HEADER + (<OrderSession>session)._foreseen, now)
        and (<OrderSession>session)._channel.laid
    ):
        (<OrderSession>session).out = (<OrderSession>session)._channel.out
        (<OrderSession>session).out_at = (<OrderSession>session)._channel.out_at + _HEADER
        (<OrderSession>session)._length = (<OrderSession>session)._foreseen
        return True
    return (<OrderSession>session).begin_foreseen(now)

cdef inline int launched(Borrowed session, int64_t now) except -1:
    if cython.unlikely(not (<OrderSession>session)._journal.push_octets(
        (<OrderSession>session)._sent_kind, now + (<OrderSession>session)._epoch, (<OrderSession>session).out,
        (<OrderSession>session).out_at, (<OrderSession>session)._foreseen
    )):
        (<OrderSession>session)._overflow()
    return (<OrderSession>session)._channel.launch(_HEADER + (<OrderSession>session)._foreseen, now)
