cimport cython
from libc.stdint cimport int64_t

from hftapp.clock cimport Clock
from hftapp.feed.arbiter cimport Arbiter
from hftapp.ring cimport Ring
from hftapp.trader.board cimport Board
from hftapp.trader.breaker cimport Breaker
from hftapp.trader.decisions cimport Decisions
from hftapp.trader.desk cimport Desk
from hftapp.trader.gateway cimport OrderGateway
from hftapp.trader.market cimport Market
from hftapp.trader.recorder cimport Recorder
from hftapp.trader.replies cimport Replies
from hftapp.trader.risk.gate cimport RiskGate
from hftapp.trader.session cimport OrderSession
from hftapp.trader.stages cimport Stages, ticks_now
from hftapp.wire cimport Wire

cdef int64_t _NEVER, _TIMER_NS, _PATIENCE_NS
cdef Py_ssize_t _HANDLING
cdef int _CONNECTING, _TRADING, _DONE, _BOOK, _TIMER, _ORDER

cdef class Trader:
    cdef readonly object parts
    cdef public object outcome
    cdef public int phase
    cdef readonly int64_t turns
    cdef readonly int64_t due
    cdef Clock _clock
    cdef Wire _wire
    cdef Market _market
    cdef list _arbiters
    cdef Arbiter _arbiter
    cdef list _watches
    cdef list _sessions
    cdef int _venues
    cdef list _desks
    cdef Desk _desk
    cdef Py_ssize_t _desk_count
    cdef Replies _replies
    cdef OrderGateway _gateway
    cdef Decisions _decisions
    cdef RiskGate _risk
    cdef Breaker _breaker
    cdef Stages _stages
    cdef Ring _control
    cdef object _reports
    cdef object _closing
    cdef Recorder _recorder
    cdef int64_t _next_timer
    cdef int _shut
    cdef int64_t _patience
    cdef object _publisher
    cdef Board _board
    cdef int64_t[::1] _counted
    cdef object _reference
    cdef bint _owed

    cpdef run(self)
    @cython.locals(now=int64_t)
    cpdef step(self)
    cdef _idle(self)
    @cython.locals(market=Market, wire=Wire, stages=Stages, arbiter=Arbiter, venues=int, line=int, count=Py_ssize_t, i=Py_ssize_t, touched=Py_ssize_t)
    cdef Py_ssize_t _burst(self, int64_t now) except -1
    @cython.locals(market=Market, touched=Py_ssize_t)
    cdef int _decide(self, int64_t now, int cause) except -1
    @cython.locals(desk=Desk, i=Py_ssize_t)
    cdef int _others(self, Py_ssize_t touched, int64_t now) except -1
    cdef _sent(self)
    @cython.locals(answered=bint, session=OrderSession)
    cdef _turn(self, int64_t now)
    @cython.locals(due=int64_t, arbiter=Arbiter, session=OrderSession)
    cdef _plan(self, int64_t now)
    cdef _answered(self, int64_t now)
    @cython.locals(count=int64_t)
    cdef _adopted(self, int64_t now)
    cdef _opened(self, int64_t now)
    @cython.locals(arbiter=Arbiter)
    cdef bint _gap_open(self)
    @cython.locals(lost=bint, arbiter=Arbiter)
    cdef _timers(self, int64_t now)
