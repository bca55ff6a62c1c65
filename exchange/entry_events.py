"""What the market tells an account about its orders, answered in OUCH 5.0.

Liquidity flags (§5.6): `A` displayed added, `J` hidden added, `u` reserve's hidden part added, `k` midpoint added;
`R` removed, `m` removed where one of the two is a midpoint order; `O` `C` `H` in the crosses, `M` `L` `K` there for
imbalance-only orders. `7` and `8` speak of the NBBO, which one venue does not know; the others speak of retail,
supplemental, extended life and pre-market pricing, which it does not have.
"""

from __future__ import annotations

import logging
from typing import Any

from exchange import entry_answers
from exchange.account import Account
from exchange.copy_stream import CopyStream
from exchange.market import Market
from exchange.orders import Order
from exchange.ouch_writer import OuchWriter
from exchange.participant import Participant
from exchange.sent_orders import cl_ord_id_of
from exchange.ticket import Ticket
from protocols import ouch50

log = logging.getLogger(__name__)

_DAY_EVENTS = {"O": "S", "E": "E"}
_ADDED, _HIDDEN, _RESERVE, _MIDPOINT, _REMOVED, _REMOVED_MIDPOINT = b"AJukRm"
# By cross: the flag, and the one for imbalance-only orders.
_CROSS_FLAGS = {ord("O"): b"OM", ord("C"): b"CL", ord("H"): b"HK"}


class EntryEvents(Participant):
    """One account's open orders, by token (UserRefIdx and UserRefNum), and the answers about them.

    ``risk`` is told about every order that changes; None where nothing is limited. ``regular``: these are market hours.
    """

    def __init__(self, account: Account, market: Market) -> None:
        self.account = account
        self.market = market
        self.owner = market.join(self)
        self.orders: dict[int, Order] = {}
        self.risk: Any = None
        self.regular = False
        self._writer = OuchWriter()
        account.label = f"{market.name:4}{account.login.user:6}".encode()
        account.copies = _copies_of(account, market, self.owner)

    def on_system_event(self, code: str, now: int) -> None:
        """Tell the start and the end of the day (OUCH `S`)."""
        self.regular = code == "Q"
        if code in _DAY_EVENTS:
            self.account.send(ouch50.SystemEvent(timestamp=now, event_code=_DAY_EVENTS[code]))

    def broken(self, token: int, match: int, reason: str, now: int) -> None:
        """`B` for an execution of an order, open or long done."""
        cl_ord_id = cl_ord_id_of(self.account.stream, token)
        self.account.send_bytes(entry_answers.broken(now, token, match, reason, cl_ord_id))

    def accepted(self, order: Order) -> None:
        """`A`."""
        self.account.counters.accepted += 1
        self.account.send_bytes(self._writer.accepted(self.market.time, order, order.ticket))
        if self.risk is not None:
            self.risk.noted(order)

    def rejected(self, order: Order, reason: int) -> None:
        """`J`: the engine or a cross refused."""
        self.orders.pop(order.token, None)
        self.reject(order.token, reason, order.ticket.cl_ord_id)

    def reject(self, token: int, code: int, cl_ord_id: bytes) -> None:
        """`J` for a request that led to no order."""
        if log.isEnabledFor(logging.INFO):
            reason = ouch50.REJECT_REASONS[code]
            log.info("%s: %d rejected, %s", self.account.login.user, entry_answers.ref_of(token), reason)
        self.account.counters.rejected += 1
        self.account.send_bytes(self._writer.rejected(self.market.time, token, code, cl_ord_id))

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:  # noqa: ARG002 - the feed's business
        """`U`; the old number is gone."""
        self.orders.pop(old.token, None)
        self.account.counters.accepted += 1
        self.account.send_bytes(self._writer.replaced(self.market.time, new, new.ticket))
        if self.risk is not None:
            self.risk.noted(old)
            self.risk.noted(new)

    def rested(self, order: Order, replaces: int) -> None:  # noqa: ARG002 - the feed's business
        """`T` for an order that waited outside the book."""
        ticket: Ticket = order.ticket
        if ticket.waits:
            ticket.waits = False
            self.account.send_bytes(entry_answers.moved(self.market.time, order, ticket))

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """`E` for each own side of the trade."""
        if maker.owner == self.owner:
            order = maker if maker.front is None else maker.front
            self.account.counters.added_shares += shares
            self._traded(order, shares, price, _added(maker), match)
        if taker.owner == self.owner:
            self.account.counters.removed_shares += shares
            self._traded(taker, shares, price, _removed(maker, taker), match)

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:  # noqa: ARG002
        """`E` with the flag of the cross."""
        self._traded(order, shares, price, _CROSS_FLAGS[cross][order.imbalance_only], match)

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,  # noqa: ARG002 - the feed's business
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        """`D`; the flag is the one that the trade would have had."""
        self.account.counters.prevented += decrement
        flag = _removed(maker, taker) if order is taker else _added(maker)
        self.account.send_bytes(
            entry_answers.prevented(self.market.time, order, decrement, shares, price, chr(flag), strategy)
        )
        self._changed(order)

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:  # noqa: ARG002 - the feed's business
        """`C`."""
        self.account.counters.cancelled += shares
        self.account.send_bytes(self._writer.cancelled(self.market.time, order.token, shares, ord(reason)))
        self._changed(order)

    def modified(self, order: Order, shares: int, shown: int) -> None:  # noqa: ARG002 - what is left is told
        """`M`."""
        ticket: Ticket = order.ticket
        self.account.send_bytes(entry_answers.modified(self.market.time, order, ticket))
        self._changed(order)

    def restated(self, order: Order) -> None:
        """`R`."""
        self.account.send_bytes(entry_answers.restated(self.market.time, order))

    def _traded(self, order: Order, shares: int, price: int, flag: int, match: int) -> None:
        self.account.counters.executed_shares += shares
        self.account.send_bytes(self._writer.executed(self.market.time, order.token, shares, price, flag, match))
        if self.risk is not None:
            self.risk.traded(order, shares, price)
        self._changed(order)

    def _changed(self, order: Order) -> None:
        if self.risk is not None:
            self.risk.noted(order)
        if order.shares == 0 and order.reserve is None:
            self.orders.pop(order.token, None)


def _added(maker: Order) -> int:
    """The flag of the entry that stood in the book."""
    if maker.front is not None:
        return _RESERVE
    if maker.midpoint:
        return _MIDPOINT
    return _ADDED if maker.displayed else _HIDDEN


def _removed(maker: Order, taker: Order) -> int:
    """The flag of the order that came in."""
    return _REMOVED_MIDPOINT if taker.midpoint or maker.midpoint else _REMOVED


def _copies_of(account: Account, market: Market, owner: int) -> CopyStream:
    """The drop copy that the accounts of a firm on a market share: that of those who joined before, or a new one."""
    for number in range(1, owner):
        participant = market.participant(number)
        if isinstance(participant, EntryEvents) and participant.account.login.firm == account.login.firm:
            copies: CopyStream = participant.account.copies
            return copies
    return CopyStream(account.stream.session)
