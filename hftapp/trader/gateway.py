"""The way out: every order passes the risk gate, is journalled, and goes to the order session of its venue.

What the gate decided is journalled too, for an order that passed behind the doorbell (`hftapp.trader.decisions`).
"""

from __future__ import annotations

from collections.abc import Sequence

import cython

from hftapp.trader.decisions import Decisions
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, DEAD, MARK_BUY, TOKEN, Order
from hftapp.trader.orders import Orders
from hftapp.trader.ouch import CANCEL_LENGTH, REPLACE_LENGTH, OuchEncoder
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.session import OrderSession
from hftapp.trader.stages import Stages

if not cython.compiled:
    from hftapp.lean import borrowed
    from hftapp.trader.ouch import enter_order
    from hftapp.trader.session import foreseen, launched
    from hftapp.trader.stages import stamp
    from hftapp.units import Price, Shares

    _BUY, _MARK_BUY, _TOKEN = BUY, MARK_BUY, TOKEN

_DEAD = DEAD
_REPLACE_LENGTH, _CANCEL_LENGTH = REPLACE_LENGTH, CANCEL_LENGTH


@cython.final
@cython.cclass
class OrderGateway:
    """Enter, replace, cancel, at the venues whose `sessions` these are. `open`: strategies may trade.

    `emitted`: messages that were sent; `first_order`: when the first order left, ns, 0 before.
    """

    def __init__(
        self,
        orders: Orders,
        risk: RiskGate,
        sessions: Sequence[OrderSession],
        encoders: Sequence[OuchEncoder],
        stages: Stages,
        decisions: Decisions,
    ) -> None:
        if not len(sessions) == len(encoders) == orders.venues:
            raise ValueError(
                f"{orders.venues} venues need as many sessions and encoders, not {len(sessions)} and {len(encoders)}"
            )
        self.orders = orders
        self.risk = risk
        self.sessions = list(sessions)
        self.open = False
        self.emitted = self.first_order = 0
        self._encoders = list(encoders)
        self._venue = 0
        self._session = self.sessions[0]
        self._ouch = self._encoders[0]
        self._stages = stages
        self._stamps = borrowed(stages)
        self.decisions = decisions
        for session, encoder in zip(self.sessions, self._encoders, strict=True):
            session.foresee(encoder.template)
        self._way = borrowed(self._session)  # `sessions` keeps it

    def enter(
        self,
        instrument: Instrument,
        venue: int,
        side: int,
        shares: Shares,
        price: Price,
        now: int,
        tif: int,
        owner: int,
        iso: bool,
    ) -> Order | None:
        """A new order; None when the gateway is closed, the session is down or the risk gate refuses.

        What only the next order needs to know of this one is done behind the doorbell.
        """
        if venue != self._venue:
            self._turn_to(venue)
        if not self.open or not self._session.ready:
            return None
        decided = stamp(self._stamps)
        code = self.risk.weigh(instrument, side, shares, price, None, now)
        passed = stamp(self._stamps)
        if code != 0:
            self._stages.note(decided, passed)
            self._unsent(code, instrument, side, shares, price, 0, owner, now)
            return None
        if not foreseen(self._way, now):
            self._stages.note(decided, passed)
            self._unsent(0, instrument, side, shares, price, 0, owner, now)
            return None
        mark = _MARK_BUY if side == _BUY else self.orders.marking(instrument, side, shares, None)
        enter_order(
            self._session.out,
            self._session.out_at,
            instrument,
            shares,
            price,
            self.orders.refs[venue],
            mark,
            tif,
            iso,
            self.orders.tokens,
            venue * _TOKEN,
        )
        launched(self._way, now)
        rung = stamp(self._stamps)
        first = self._stages.note(decided, passed)
        if first:
            self._stages.rung_at = rung
            self._stages.rung = True
        self._session.keep(now)
        self.emitted += 1
        if self.first_order == 0:
            self.first_order = now
        self.risk.count(instrument, side, shares, price, None, now)
        order = self.orders.enter(instrument, venue, side, shares, price, tif, owner, iso, now)
        self.decisions.passed(order, 0, first, now)
        return order

    def takes(
        self, instrument: Instrument, venue: int, side: int, shares: Shares, price: Price, owner: int, now: int
    ) -> bool:
        """Whether `enter` would send this order now; nothing is sent, and only a refusal is counted."""
        if venue != self._venue:
            self._turn_to(venue)
        if not self.open or not self._session.ready:
            return False
        code = self.risk.weigh(instrument, side, shares, price, None, now)
        if code != 0:
            self._unsent(code, instrument, side, shares, price, 0, owner, now)
            return False
        return foreseen(self._way, now)

    def replace(self, order: Order, shares: Shares, price: Price, now: int) -> Order | None:
        """Replace a live order; None when the gateway is closed, the session is down or the risk gate refuses.

        Raises ValueError for an order that is not live, has an answer outstanding or is not `Orders.replaceable`.
        """
        if order.venue != self._venue:
            self._turn_to(order.venue)
        session = self._session
        ouch = self._ouch
        if not self.open or not session.ready:
            return None
        first = not self._stages.rung
        self._stages.decided()
        code = self.risk.weigh(order.instrument, order.side, shares, price, order, now)
        if code != 0:
            self._unsent(code, order.instrument, order.side, shares, price, order.ref, order.owner, now)
            return None
        self._stages.passed()
        if not session.begin(_REPLACE_LENGTH, now):
            self._unsent(0, order.instrument, order.side, shares, price, order.ref, order.owner, now)
            return None
        new = self.orders.replace(order, shares, price, now)
        ouch.replace(session.out, session.out_at, new)
        session.launch(now)
        self._stages.doorbell()
        session.keep(now)
        self.emitted += 1
        self.risk.count(order.instrument, order.side, shares, price, order, now)
        self.decisions.passed(new, order.ref, first, now)
        return new

    def cancel(self, order: Order, now: int) -> bool:
        """Cancel the rest of an order. Cancels are never refused and may be repeated; False when it was not sent."""
        if order.state == _DEAD:
            return False
        if order.venue != self._venue:
            self._turn_to(order.venue)
        session = self._session
        ouch = self._ouch
        if not session.begin(_CANCEL_LENGTH, now):
            return False
        ouch.cancel(session.out, session.out_at, order)
        self.orders.cancel(order)
        session.commit(now)
        self.emitted += 1
        return True

    def cancel_all(self, now: int, again: bool = True) -> None:
        """Cancel every open order at the end of its chain of replaces; not `again`: those never asked for yet.

        Orders of a venue whose session is not ready stay: its account query settles first what became of them.
        """
        order = self.orders.first
        while order is not None:
            session = self.sessions[order.venue]
            asked = order.cancelling or order.cancel_rejected
            if session.ready and order.replaced_by is None and (again or not asked):
                self.cancel(order, now)
            order = order.next

    def _turn_to(self, venue: int) -> None:
        """The next message is for another venue than the last one."""
        self._venue = venue
        self._session = self.sessions[venue]
        self._way = borrowed(self._session)
        self._ouch = self._encoders[venue]
        self.risk.turn_to(venue)

    def _unsent(
        self,
        code: int,
        instrument: Instrument,
        side: int,
        shares: Shares,
        price: Price,
        replaces: int,
        owner: int,
        now: int,
    ) -> None:
        """Journal a decision that no order followed: a check refused it, or (0) the connection did not take it."""
        value = limit = 0
        if code != 0:
            value, limit = self.risk.value, self.risk.limit
        self.decisions.unsent(code, instrument, self._venue, side, shares, price, replaces, owner, value, limit, now)
