"""The trader's loop: rx_burst → arbiter → decode → books → strategies → risk → OUCH → SoupBinTCP → TCP → tx_burst.

One thread that never sleeps and never blocks. Everything it depends on comes in from outside: the wire, the rings, the
clock. Phases: `connecting` until the order session is ready, `trading`, `closing` while own orders are pulled and the
session is logged out, then done.
"""

import base64
import marshal
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from hftapp import records
from hftapp.config import Config
from hftapp.feed.arbiter import Arbiter
from hftapp.feed.watch import FeedWatch
from hftapp.records import Rings
from hftapp.trader import breaker
from hftapp.trader.desk import Desk
from hftapp.trader.gateway import OrderGateway
from hftapp.trader.market import Market
from hftapp.trader.order import Order
from hftapp.trader.orders import Orders
from hftapp.trader.risk import RiskGate
from hftapp.trader.session import OrderSession
from hftapp.trader.stats import Stats
from hftapp.wire import Wire
from protocols import ouch50

MS: Final = 1_000_000
SECOND: Final = 1_000 * MS
STATS_NS: Final = SECOND
TIMER_NS: Final = 100 * MS
LOGOUT_NS: Final = 2 * SECOND
LAST_WORDS_NS: Final = 5 * SECOND
MARKET_CLOSE: Final = frozenset("MEC")
"""System events after which nothing is quoted: end of market hours, of system hours, of messages."""


class JournalOverflowError(Exception):
    """The supervisor does not keep up with the journal; an order that cannot be journalled is not sent."""


class Trader:
    """All parts of one trader, and the loop over them. `outcome` is (status, reason) once it is done."""

    def __init__(
        self, settings: Config, wire: Wire, rings: Rings, *, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        feed = settings.feed
        self.wire = wire
        self.rings = rings
        self.clock = clock
        self.outcome: tuple[int, str] | None = None
        self.phase = "connecting"
        self.arbiter = Arbiter(
            session=feed.session,
            start=1 if feed.start == "one" else None,
            gap_timeout=feed.gap_timeout_ms * MS,
            hold_packets=feed.hold_packets,
        )
        self.market = Market()
        self.orders = Orders(firm=settings.order_entry.firm, run=base64.b32encode(os.urandom(5)).decode()[:4])
        self.risk = RiskGate(settings.risk, self.orders, lambda: self.arbiter.gap_open)
        self.session = OrderSession(settings.order_entry, wire, self._journal, self._state)
        self.gateway = OrderGateway(self.orders, self.risk, self.session, self._emit)
        self.desks = [Desk(number, config, self.gateway) for number, config in enumerate(settings.strategies)]
        self.breaker = breaker.Breaker(self.gateway, self.session)
        now = clock()
        self.watch = FeedWatch(self.arbiter, feed.silence_timeout_ms * MS, now, self._state)
        self.stats = Stats(wire, self.watch, self.arbiter, self.market, self.orders, self.risk, self.session)
        self._cancel_ns = settings.order_entry.cancel_timeout_ms * MS
        self._heirs: dict[str, Desk | None] = {}
        self._epoch = time.time_ns() - now
        self._next_stats = now + STATS_NS
        self._next_timer = now + TIMER_NS
        self._gaps = 0
        self._deadline = 0
        self._closing = ""
        self._logged_out = False

    def run(self) -> tuple[int, str]:
        """Loop until done; returns exit status and reason."""
        self._state("connecting")
        while self.outcome is None:
            self.step()
        return self.outcome

    def step(self) -> None:
        """One turn: one burst, the order session, whatever timer is due."""
        now = self.clock()
        stats = self.stats
        stats.turns += 1
        datagrams = self.wire.rx(now)
        if datagrams:
            now = self.wire.stamp
            on_packet = self.arbiter.on_packet
            for line, payload in datagrams:
                messages = on_packet(line, payload, now)
                if self.arbiter.counters.gaps != self._gaps:
                    self._lost(now)
                if messages:
                    self._market_data(messages, now)
        replies = self.session.poll(now)
        if replies:
            self._replies(replies, now)
        deadline = self.arbiter.next_deadline
        if deadline is not None and deadline <= now:
            messages = self.arbiter.tick(now)
            self._lost(now)
            self.market.apply_all(messages)
        if self.rings.control.used:
            self._commands(now)
        if self.phase != "trading":
            self._phase(now)
        elif self.arbiter.ended:
            self.close("end of session", now)
        if now >= self._next_timer:
            self._timer(now)

    def close(self, reason: str, now: int) -> None:
        """Pull every order, wait for the last answer, log out, say goodbye."""
        if self.phase in ("closing", "done"):
            return
        self.phase = "closing"
        self._closing = reason
        self._deadline = now + self._cancel_ns
        self.breaker.trip(breaker.CLOSING, now)
        self._state(f"closing: {reason}")

    def abort(self) -> None:
        """Break the order session and let go of the wire: the trader failed and cannot cancel its orders itself."""
        now = self.clock()
        self.gateway.open = False
        self.session.abort()
        self.wire.tx(now)
        self.wire.close(now)

    def kill(self, now: int) -> None:
        """Kill switch: nothing more is sent but cancels, now and until nothing is open."""
        self.risk.killed = True
        if self.breaker.trip(breaker.KILLED, now):
            self._state("killed")

    def _market_data(self, messages: Sequence[bytes], received: int) -> None:
        """Books, then strategies, then the wire; the clock runs from rx_burst returning to tx_burst returning."""
        market = self.market
        market.apply_all(messages)
        if market.phase in MARKET_CLOSE and self.breaker.trip(breaker.MARKET_CLOSED, received):
            self._state("market closed: quotes pulled")
        before = self.gateway.emitted
        self._decide(received)
        if self.gateway.emitted != before:
            self.stats.tick_to_trade.add(self.clock() - received)
            self.stats.order_sent()

    def _decide(self, now: int) -> None:
        """Show every changed book to the strategies that follow it."""
        touched = self.market.take_touched()
        trades = self.market.take_trades()
        if not self.gateway.open:
            return
        for desk in self.desks:
            desk.now = now
            for instrument, price, shares in trades:
                if desk.follows(instrument):
                    desk.strategy.on_trade(instrument, price, shares)
            for instrument in touched:
                if desk.follows(instrument):
                    desk.strategy.on_book(instrument)

    def _replies(self, replies: Sequence[ouch50.OuchOutbound], now: int) -> None:
        """Apply the exchange's messages, tell the strategies, let them act on what changed."""
        for message in replies:
            fill = self.orders.on_message(message)
            ref = getattr(message, "user_ref_num", None)
            order = fill.order if fill is not None else self.orders.by_ref.get(ref) if ref is not None else None
            if order is None:
                continue
            instrument = self.market.instrument(order.symbol)
            if instrument is not None:
                self.market.touch(instrument)
            desk = self._desk_of(order)
            if desk is None:
                continue
            desk.now = now
            if fill is not None:
                desk.filled(instrument, order, fill.shares, fill.price)
            elif isinstance(message, ouch50.Rejected) and instrument is not None:
                desk.rejected(instrument, order)
        if self.session.ready:
            self._adopted(now)
        self.breaker.answered(now)
        self._decide(now)

    def _desk_of(self, order: Order) -> Desk | None:
        """The desk that answers for an order: the one that sent it, or the heir of another run's."""
        if order.owner >= 0:
            return self.desks[order.owner]
        symbol = order.symbol
        if symbol not in self._heirs:
            heirs = [desk for named in (True, False) for desk in self.desks if desk.inherits(symbol, named=named)]
            self._heirs[symbol] = heirs[0] if heirs else None
        return self._heirs[symbol]

    def _adopted(self, now: int) -> None:
        """Orders of another run belong to no strategy of this one: they go before anything new is sent."""
        count = len(self.orders.adopted)
        if count and self.breaker.trip(breaker.ADOPTED, now):
            self._state(f"{count} orders of another run are open: cancelling them")
        elif not count and self.breaker.reset(breaker.ADOPTED):
            self._opened(now)

    def _opened(self, now: int) -> None:
        """The gateway is open (again): whatever changed while it was closed, every book is looked at now."""
        self.market.touch_all()
        self._decide(now)

    def _lost(self, now: int) -> None:
        """Messages are lost for good: report them, distrust every book, pull every order."""
        self._gaps = self.arbiter.counters.gaps
        for gap in self.arbiter.take_gaps():
            self._emit(records.GAP, {"from": gap.first, "to": gap.last})
        if self.breaker.trip(breaker.LOST, now):
            self.market.stale = self.risk.stale = True
            self._state("stale: messages were lost, no more quotes")

    def _silence(self, now: int) -> None:
        """The feed fell silent, or is back with nothing missed."""
        opened = False
        if self.watch.silent:
            self.breaker.trip(breaker.SILENT, now)
        else:
            opened = self.breaker.reset(breaker.SILENT)
        self.market.stale = self.risk.stale = self.breaker.stale
        if opened:
            self._opened(now)

    def _commands(self, now: int) -> None:
        for record in self.rings.control.drain():
            if record.kind == records.STOP:
                self.close("stop command", now)
            elif record.kind == records.KILL:
                self.kill(now)

    def _phase(self, now: int) -> None:
        """What is to be done while not trading."""
        if self.phase == "connecting":
            if self.session.ready:
                self.phase = "trading"
                self._state("trading")
                if self.breaker.reset(breaker.CONNECTING):
                    self._opened(now)
            elif self.session.over or self.arbiter.ended:
                self.close(f"order session {self.session.over}" if self.session.over else "end of session", now)
        elif self.phase == "closing":
            self._close_step(now)

    def _close_step(self, now: int) -> None:
        """Wait for the own orders to die, then for the exchange to end the session."""
        if self._logged_out:
            if self.session.over or now >= self._deadline:
                self._finish(now)
            return
        if self.session.over and not self.session.failed:
            self.orders.expire_all(f"order session {self.session.over}")
        if self.orders.open_count and not self.session.over and now < self._deadline:
            return
        self._logged_out = True
        self._deadline = now + LOGOUT_NS
        self.session.logout(now)

    def _timer(self, now: int) -> None:
        """Every 100 ms: silence on the feed, strategies' timers, repeated cancels, statistics."""
        self._next_timer = now + TIMER_NS
        if self.watch.check(now):
            self._silence(now)
        if self.gateway.open:
            for desk in self.desks:
                desk.on_timer(now)
        self.breaker.timer(now)
        if self.phase == "trading" and self.session.over:
            self.close(f"order session {self.session.over}", now)
        if now >= self._next_stats:
            self._next_stats = now + STATS_NS
            self._emit(records.STATS, self.stats.record())

    def _finish(self, now: int) -> None:
        """Last words: every book, the final figures, how it ended."""
        sequence = (self.arbiter.expected or 1) - 1
        books = self.market.books
        for symbol in books.symbols():
            view = books.view(symbol)
            self._emit(
                records.BOOK,
                {"symbol": symbol, "sequence": sequence, "bids": view["bids"], "asks": view["asks"]},
                wait=True,
            )
        self._emit(records.STATS, self.stats.record(final=True), wait=True)
        left = self.orders.open_count
        status = 1 if left or self.session.failed else 0
        reason = self._closing + (f" with {left} orders still open" if left else "")
        self._emit(records.EXIT, (status, reason), wait=True)
        self.phase = "done"
        self.outcome = status, reason
        self.wire.close(now)

    def _state(self, text: str) -> None:
        self._emit(records.STATE, {"state": text})

    def _journal(self, kind: int, message: bytes) -> None:
        """Write ahead: before a message is sent or acted upon. Raises JournalOverflowError."""
        if not self.rings.journal.push(kind, self.clock() + self._epoch, message):
            raise JournalOverflowError(
                f"journal ring full ({self.rings.journal.used} bytes wait for the supervisor): trading stops"
            )

    def _emit(self, kind: int, payload: Any, *, wait: bool = False) -> None:
        """A telemetry record. While trading a full ring drops it (counted); last words wait for room."""
        data = marshal.dumps(payload)
        if len(data) > self.rings.telemetry.largest:
            kind, data = (
                records.STATE,
                marshal.dumps({"state": f"a record of {len(data)} bytes is too large to report"}),
            )
        end = self.clock() + LAST_WORDS_NS
        while not self.rings.telemetry.push(kind, self.clock() + self._epoch, data):
            if not wait or self.clock() >= end:
                return
