"""The trader's loop: rx_burst → arbiter → decode → books → strategies → risk → OUCH → SoupBinTCP → TCP → tx_burst.

One thread that never sleeps and never blocks. Everything it depends on comes in from outside: the wire, the rings, the
clock. A turn has one time; what it does follows from that, its frames and its commands alone, so that a recording of
these repeats it. Phases: connecting until an order session is ready, trading, closing while own orders are pulled and
the sessions are logged out, then done.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp import records
from hftapp.silence import counted
from hftapp.trader import breaker, decisions
from hftapp.trader.assembly import Parts
from hftapp.trader.closing import Closing
from hftapp.trader.recorder import Recorder

MS: Final = 1_000_000
TIMER_NS: Final = 100 * MS
PATIENCE_NS: Final = 10_000 * MS
"""How long the start waits for the order session of every one of several venues."""
NEVER: Final = (1 << 63) - 1
CONNECTING, TRADING, CLOSING, DONE = range(4)

_NEVER, _TIMER_NS, _PATIENCE_NS = NEVER, TIMER_NS, PATIENCE_NS
_HANDLING = counted.HANDLING
_CONNECTING, _TRADING, _DONE = CONNECTING, TRADING, DONE
_BOOK, _TIMER, _ORDER = decisions.BOOK, decisions.TIMER, decisions.ORDER

if not cython.compiled:
    from hftapp.trader.stages import ticks_now


@cython.final
@cython.cclass
class Trader:
    """The loop over the parts of one trader. `outcome` is (status, reason) once it is done; `turns` counts its turns.

    `due`: when the next timer of any part is.
    """

    def __init__(self, parts: Parts, recorder: Recorder | None = None) -> None:
        self.parts = parts
        self.outcome: tuple[int, str] | None = None
        self.phase = CONNECTING
        self.turns = 0
        self.due = 0
        self._clock = parts.clock
        self._wire = parts.wire
        self._market = parts.market
        self._arbiters = parts.arbiters
        self._arbiter = parts.arbiters[0]
        self._watches = parts.watches
        self._sessions = parts.sessions
        self._venues = len(parts.sessions)
        self._desks = parts.desks
        self._desk = parts.desks[0] if parts.desks else None
        self._desk_count = len(parts.desks)
        self._replies = parts.replies
        parts.replies.stop = self.kill
        self._gateway = parts.gateway
        self._decisions = parts.gateway.decisions
        self._risk = parts.risk
        self._breaker = parts.breaker
        self._stages = parts.stages
        self._control = parts.rings.control
        self._reports = parts.reports
        self._closing = Closing(parts)
        self._recorder = recorder
        self._next_timer = 0
        self._shut = 0
        self._patience = _NEVER
        self._publisher = parts.publisher
        self._board = parts.publisher.board
        self._counted = parts.rings.figures.words(counted.GROUP)
        self._reference = parts.rings.figures.reference
        self._owed = False

    def run(self) -> tuple[int, str]:
        """Loop until done; returns exit status and reason."""
        self._reports.state("connecting")
        while self.phase != _DONE:
            self.step()
        assert self.outcome is not None
        return self.outcome

    def step(self) -> None:
        """One turn: one burst, the order sessions, whatever timer is due."""
        self.turns += 1
        now = self._clock.now()
        if self._burst(now) == 0 and self._wire.count == 0 and now < self.due and not self._control.waiting():
            self._idle()
            return
        self._turn(now)

    def _idle(self) -> None:
        """Nothing has come and nothing is due: show the supervisor how things stand."""
        if self._owed:
            self._owed = False
            self._publisher.publish(self.parts, self.turns)
        else:
            self._board.turn(self._market.instruments)

    def close(self, reason: str, now: int) -> None:
        """Pull every order, wait for the last answer, log out, say goodbye."""
        if self.phase in (CLOSING, DONE):
            return
        self.phase = CLOSING
        self._closing.begin(reason, now)

    def abort(self) -> None:
        """Break the order sessions and let go of the wire: the trader failed and cannot cancel its orders itself.

        What it holds by now is shown to the supervisor, for the last time.
        """
        now = self._clock.now()
        self._gateway.open = False
        for session in self._sessions:
            session.abort()
        self._wire.tx(now)
        self._wire.close(now)
        self._board.show_all(self._market.instruments)

    def kill(self, now: int) -> None:
        """Kill switch: nothing more is sent but cancels, now and until nothing is open."""
        self._risk.killed = True
        if self._breaker.trip(breaker.KILLED, now):
            self._reports.state("killed")

    def _burst(self, now: int) -> int:
        """Receive, and datagram by datagram: books, then strategies, then the wire. Returns how many there were.

        What can be had before is had before: the path begins where `rx` returns.
        """
        market = self._market
        wire = self._wire
        stages = self._stages
        venues = self._venues
        arbiter = self._arbiter
        count = wire.rx(now)
        if count == 0:
            return 0
        stages.burst_at = wire.ticks
        stages.parsed_at = ticks_now(stages)
        stages.rung = False
        self._counted[_HANDLING] = 1
        for i in range(count):
            line = wire.lines[i]
            if venues > 1:
                arbiter = self._arbiters[line >> 1]
                self._decisions.feed_venue = line >> 1
            arbiter.on_packet(line & 1, wire.frames[i], wire.starts[i], wire.sizes[i], now)
            if arbiter.new_gaps:
                self._lost(now)
            self._risk.gap_open = arbiter.gap_open or (venues > 1 and self._gap_open())
            if market.pending > 0 or market.trade_count > 0:
                stages.booked_at = ticks_now(stages)
                # What `_decide` does, without the call.
                touched = market.take_touched()
                if self._gateway.open and self._desk is not None:
                    self._desk.show(touched, now)
                    if self._desk_count > 1:
                        self._others(touched, now)
                if market.trade_count > 0:
                    market.drop_trades()
                if stages.rung:
                    self._sent()
        self._counted[_HANDLING] = 0
        if market.shut != self._shut:
            self._hours(now)
        return count

    def _hours(self, now: int) -> None:
        """A venue has ended its trading (or begun again): nothing stays there; the end of all ends the day."""
        market = self._market
        for venue, name in enumerate(self.parts.names):
            if (market.shut & ~self._shut) >> venue & 1 and not market.closed:
                self._reports.state(f"{name} has closed: quotes there are pulled")
        self._shut = market.shut
        if market.closed:
            if self._breaker.trip(breaker.MARKET_CLOSED, now):
                self._reports.state("market closed: quotes pulled")
            return
        for order in self.parts.orders.open_orders():
            if market.shut >> order.venue & 1 and order.replaced_by is None and not order.cancelling:
                self._gateway.cancel(order, now)

    def _sent(self) -> None:
        """Orders have left: what can wait until after the doorbell."""
        self._stages.record()
        self._stages.rung = False

    def _decide(self, now: int, cause: int) -> int:
        """Show every changed book and every print to the strategies that follow it; `cause`: why, but for a burst."""
        market = self._market
        self._decisions.cause = cause
        touched = market.take_touched()
        if self._gateway.open and self._desk is not None:
            self._desk.show(touched, now)
            if self._desk_count > 1:
                self._others(touched, now)
        if market.trade_count > 0:
            market.drop_trades()
        self._decisions.cause = _BOOK
        return 0

    def _others(self, touched: int, now: int) -> int:
        """The same for all strategies but the first."""
        for i in range(1, self._desk_count):
            desk = self._desks[i]
            desk.show(touched, now)
        return 0

    def _turn(self, now: int) -> None:
        """What follows the market data of a turn: the exchange's answers, commands, timers, frames that are owed."""
        self._replies.now = now
        self._wire.settle(now)
        answered = False
        for session in self._sessions:
            if session.poll(now):
                answered = True
        if answered:
            self._answered(now)
        if self._control.waiting():
            self._commands(now)
        if now >= self.due:
            self._timers(now)
        if self.phase != _TRADING:
            self._phase(now)
        self._wire.tx(now)
        if self._recorder is not None:
            self._recorder.frames(now, self._wire.count)
        self._plan(now)

    def _plan(self, now: int) -> None:
        """Find out when the next timer is."""
        due = self._next_timer
        if self._wire.deadline < due:
            due = self._wire.deadline
        for arbiter in self._arbiters:
            if arbiter.deadline < due:
                due = arbiter.deadline
        for session in self._sessions:
            if session.due() < due:
                due = session.due()
        if self.phase != _TRADING and self._closing.deadline < due:
            due = self._closing.deadline
        # Something that could not be done at its time is tried again in the next turn, not never.
        self.due = due if due > now else now + 1

    def _answered(self, now: int) -> None:
        """The exchange spoke: limits, adopted orders, cancels that became possible, and what strategies make of it."""
        if self._replies.queried:
            self._resumed(now)
        if self._risk.tripped and not self._risk.killed:
            self.kill(now)
        self._adopted(now)
        self._routes()
        self._breaker.answered(now)
        self._decide(now, _ORDER)

    def _resumed(self, now: int) -> None:
        """Sessions are back: cancels that were lost are sent again, and whoever quotes there sees what is left."""
        queried = self._replies.queried
        self._replies.queried = 0
        for order in self.parts.orders.open_orders():
            if queried >> order.venue & 1:
                self._market.touch(order.instrument)
                if order.replaced_by is None and (order.cancelling or self._shut >> order.venue & 1):
                    self._gateway.cancel(order, now)

    def _ends(self, now: int) -> None:
        """The exchange ended a venue's session: what was open there is gone with it, and can be had elsewhere."""
        orders = self.parts.orders
        gone = False
        for session in self._sessions:
            if session.over and not session.failed:
                for order in orders.open_orders():
                    if order.venue == session.venue:
                        self._market.touch(order.instrument)
                        gone = True
                orders.expire(session.venue, f"order session {session.over}")
        if gone:
            self._adopted(now)
            self._decide(now, _ORDER)

    def _adopted(self, now: int) -> None:
        """Orders of another run belong to no strategy of this one: they go before anything new is sent."""
        count = self.parts.orders.adopted_count
        if count and self._breaker.trip(breaker.ADOPTED, now):
            self._reports.state(f"{count} orders of another run are open: cancelling them")
        elif not count and self._breaker.reset(breaker.ADOPTED):
            self._opened(now)

    def _routes(self) -> None:
        """With several venues: which of them take orders, and whose books can be trusted."""
        if self._venues == 1:
            return
        router = self.parts.router
        for number, session in enumerate(self._sessions):
            watch = self._watches[number]
            router.set_reachable(number, session.ready)
            router.set_protected(number, not (watch.silent or self._arbiters[number].gap_open))

    def _opened(self, now: int) -> None:
        """The gateway is open (again): whatever changed while it was closed, every book is looked at now."""
        self._market.touch_all()
        self._decide(now, _TIMER)

    def _gap_open(self) -> bool:
        """Whether any feed has an open gap."""
        for arbiter in self._arbiters:
            if arbiter.gap_open:
                return True
        return False

    def _lost(self, now: int) -> None:
        """Messages are lost for good: report them, distrust every book, pull every order."""
        for number, arbiter in enumerate(self._arbiters):
            for gap in arbiter.take_gaps():
                self._reports.gap(self.parts.names[number], gap.first, gap.last)
        if self._breaker.trip(breaker.LOST, now):
            self._market.stale = self._risk.stale = True
            self._reports.state("stale: messages were lost, no more quotes")

    def _silence(self, now: int) -> None:
        """A feed fell silent, or is back with nothing missed."""
        opened = False
        if any(watch.silent for watch in self._watches):
            self._breaker.trip(breaker.SILENT, now)
        else:
            opened = self._breaker.reset(breaker.SILENT)
        self._market.stale = self._risk.stale = self._breaker.stale
        if opened:
            self._opened(now)

    def _commands(self, now: int) -> None:
        for record in self._control.drain():
            if self._recorder is not None:
                self._recorder.command(now, record.kind)
            if record.kind == records.STOP:
                self.close("stop command", now)
            elif record.kind == records.KILL:
                self.kill(now)

    def _phase(self, now: int) -> None:
        """What is to be done while not trading."""
        if self.phase == CONNECTING:
            self._connecting(now)
        elif self.phase == CLOSING:
            outcome = self._closing.step(now)
            if outcome is not None:
                self._publisher.last(self.parts, self.turns)
                self._reports.ended(*outcome)
                self.phase = DONE
                self.outcome = outcome
                self._wire.close(now)

    def _connecting(self, now: int) -> None:
        """Trading begins when every session that is not over is ready, and at least one is.

        Of several it begins after `PATIENCE_NS` with those that are.
        """
        if self._patience == _NEVER:
            self._patience = now + _PATIENCE_NS
        ready = [session.ready for session in self._sessions]
        over = [session.over for session in self._sessions if session.over]
        if len(over) == self._venues or self._ended():
            self.close(f"order session {over[0]}" if over else "end of session", now)
        elif ready.count(True) + len(over) == self._venues or (any(ready) and now >= self._patience):
            self.phase = TRADING
            missing = [name for name, there in zip(self.parts.names, ready, strict=True) if not there]
            self._reports.state(f"trading without {', '.join(missing)}: no order session" if missing else "trading")
            if self._breaker.reset(breaker.CONNECTING):
                self._opened(now)

    def _ended(self) -> bool:
        return all(arbiter.ended for arbiter in self._arbiters)

    def _timers(self, now: int) -> None:
        """Give every part that is due its time."""
        if self._wire.deadline <= now:
            self._wire.tick(now)
        lost = False
        for arbiter in self._arbiters:
            if arbiter.deadline <= now:
                arbiter.tick(now)
                lost = True
        if lost:
            self._risk.gap_open = self._gap_open()
            self._lost(now)
            self._market.take_touched()  # the books are not to be trusted: nobody is shown them
        if now >= self._next_timer:
            self._next_timer = now + TIMER_NS
            self._timer(now)

    def _timer(self, now: int) -> None:
        """Every 100 ms: silence on the feeds, strategies' timers, repeated cancels, the ends of sessions, figures."""
        changed = [watch.check(now) for watch in self._watches]
        self._routes()
        if any(changed):
            self._silence(now)
        if self.phase in (_CONNECTING, _TRADING):
            self._ends(now)
        if self._gateway.open:
            for desk in self._desks:
                desk.timer(now)
        if self._risk.tripped and not self._risk.killed:
            self.kill(now)
        self._breaker.timer(now)
        self.parts.orders.remark()
        for books in self._market.books:
            books.relieve()  # grow now what would soon have to grow in the middle of a tick
        if self.phase == TRADING:
            over = [session.over for session in self._sessions if session.over]
            if self._ended():
                self.close("end of session", now)
            elif len(over) == self._venues:
                self.close(f"order session {over[0]}", now)
        if self._owed:  # busy for a whole period
            self._publisher.publish(self.parts, self.turns)
        self._owed = True
        self._clock.follow(self._reference)
