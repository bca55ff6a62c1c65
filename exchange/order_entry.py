"""OUCH 5.0 order entry of one account: requests in, answers out. Sans-I/O.

The decisions that OUCH leaves open: a replace down to what is executed already takes the order off (`C`), as bad
details do; cancel and modify quantities count the whole replace chain, as the replace quantity does; a post-only order
that would take is accepted and cancelled (`C` reason `G`); a modify or cancel that is impossible is ignored and logged,
because `J` would tell the client that the order is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchange import entry_answers
from exchange.account import Account
from exchange.entry_checks import (
    GROUP_TAG,
    IMMEDIATE,
    POST_ONLY,
    SIDE_TAG,
    Code,
    check_options,
    check_request,
    code_for,
    option_value,
)
from exchange.events import Accepted, Cancelled, Event, Executed, Modified, Rejected, Replaced
from exchange.market import Market
from exchange.orders import Order
from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.ouch50 import CancelOrder, EnterOrder, ModifyOrder, OuchInbound, ReplaceOrder

log = logging.getLogger(__name__)

# The requests that use up a UserRefNum, and where it stands in them.
_REF_OFFSET: dict[type[OuchInbound], int] = {
    EnterOrder: 1,
    ReplaceOrder: 5,
    ouch50.MassCancel: 1,
    ouch50.DisableOrderEntry: 1,
    ouch50.EnableOrderEntry: 1,
}
_MAX_REF = 0xFFFF_FFFF
_DAY_EVENTS = {"O": "S", "E": "E"}


class GarbageError(ValueError):
    """An inbound message that no answer fits: the connection must go. The text says why."""


@dataclass
class Ticket:
    """What the client said about a live order, beside what the engine knows."""

    order: Order
    request: EnterOrder | ReplaceOrder
    side: str
    capacity: str
    group: int


class OrderEntry:
    """One account's orders and the answers to its requests."""

    def __init__(self, account: Account, market: Market) -> None:
        self.account = account
        self._market = market
        self._owner = market.join(self)
        self._tickets: dict[int, Ticket] = {}
        self._last_ref: int = 0
        self._enabled: bool = True
        self._handlers: dict[type[OuchInbound], Callable[[Any, int], None]] = {
            EnterOrder: self._enter,
            ReplaceOrder: self._replace,
            CancelOrder: self._cancel,
            ModifyOrder: self._modify,
            ouch50.MassCancel: self._mass_cancel,
            ouch50.DisableOrderEntry: self._disable,
            ouch50.EnableOrderEntry: self._enable,
            ouch50.AccountQuery: self._query,
        }

    def on_message(self, data: bytes, now: int) -> None:
        """Take one inbound message; raises GarbageError for bytes that are not OUCH."""
        self.account.received(data)
        try:
            message = ouch50.decode_inbound(data)
        except ProtocolError as error:
            self._undecodable(data, error, now)
            return
        self._handlers[type(message)](message, now)

    def on_event(self, event: Event) -> None:
        """Answer with what happened to an own order."""
        if isinstance(event, Executed):
            self._executed(event)
        elif isinstance(event, Accepted):
            self._accepted(event)
        elif isinstance(event, Replaced):
            self._replaced(event)
        elif isinstance(event, Cancelled):
            self._cancelled(event)
        elif isinstance(event, Rejected):
            self._reject(event.order.token, int(event.reason), self._tickets.pop(event.order.token).request, event.time)
        elif isinstance(event, Modified):
            self.account.send(entry_answers.modified(event, self._tickets[event.order.token].side))

    def cancel_all(self, now: int, reason: str) -> int:
        """Cancel every open order with an OUCH 5.0 cancel reason (§5.5); returns how many there were."""
        tickets = list(self._tickets.values())
        for ticket in tickets:
            self._market.cancel(ticket.order.ref, 0, now, reason)
        return len(tickets)

    def on_system_event(self, code: str, now: int) -> None:
        """Tell the start and the end of the day (OUCH `S`)."""
        if code in _DAY_EVENTS:
            self.account.send(ouch50.SystemEvent(timestamp=now, event_code=_DAY_EVENTS[code]))

    def _enter(self, message: EnterOrder, now: int) -> None:
        if not self._take_number(message.user_ref_num):
            return
        code = check_request(message, self.account.login.firm)
        if code is None and not self._enabled:
            code = Code.FIRM_NOT_AUTHORIZED
        if code is not None:
            self._reject(message.user_ref_num, code, message, self._market.stamp(now))
            return
        order = self._order(message, message.symbol, message.side == "B", message.quantity)
        group = option_value(message, GROUP_TAG, 0)
        self._tickets[order.token] = Ticket(order, message, message.side, message.capacity, group)
        self._market.enter(order, now)

    def _replace(self, message: ReplaceOrder, now: int) -> None:
        ticket = self._tickets.get(message.orig_user_ref_num)
        if ticket is None or message.user_ref_num <= self._last_ref:
            log.info("%s: replace of %d ignored", self.account.login.user, message.orig_user_ref_num)
            return
        old = ticket.order
        exposed = message.quantity - old.executed
        side = option_value(message, SIDE_TAG, ticket.side)
        turned = (side == "B") != old.buy
        if check_request(message, self.account.login.firm) is not None or turned or exposed <= 0:
            self._market.cancel(old.ref, 0, now)
            return
        self._last_ref = message.user_ref_num
        if not self._enabled:
            self._reject(message.user_ref_num, Code.FIRM_NOT_AUTHORIZED, message, self._market.stamp(now))
            return
        new = self._order(message, old.symbol, old.buy, exposed)
        group = option_value(message, GROUP_TAG, ticket.group)
        self._tickets[new.token] = Ticket(new, message, side, ticket.capacity, group)
        self._market.replace(old.ref, new, now)

    def _cancel(self, message: CancelOrder, now: int) -> None:
        ticket = self._tickets.get(message.user_ref_num)
        if ticket is not None and self._knows_options(message):
            self._market.cancel(ticket.order.ref, max(0, message.quantity - ticket.order.executed), now)

    def _modify(self, message: ModifyOrder, now: int) -> None:
        ticket = self._tickets.get(message.user_ref_num)
        if ticket is None or (message.side == "B") != (ticket.side == "B"):
            log.info("%s: modify of %d to %s ignored", self.account.login.user, message.user_ref_num, message.side)
            return
        if not self._knows_options(message):
            return
        keep = message.quantity - ticket.order.executed
        if keep <= 0:
            self._market.cancel(ticket.order.ref, 0, now)
            return
        ticket.side = message.side
        self._market.modify(ticket.order.ref, keep, now)

    def _mass_cancel(self, message: ouch50.MassCancel, now: int) -> None:
        time = self._market.stamp(now)
        if not self._take_firm_request(message, time):
            return
        self.account.send(entry_answers.mass_cancel_taken(time, message))
        side = option_value(message, SIDE_TAG, "")
        group = option_value(message, GROUP_TAG, 0)
        for ticket in list(self._tickets.values()):
            wanted = message.symbol in ("", ticket.order.symbol) and side in ("", ticket.side)
            if wanted and group in (0, ticket.group):
                self._market.cancel(ticket.order.ref, 0, now)

    def _disable(self, message: ouch50.DisableOrderEntry, now: int) -> None:
        self._switch(message, ouch50.DisableOrderEntryResponse, False, now)

    def _enable(self, message: ouch50.EnableOrderEntry, now: int) -> None:
        self._switch(message, ouch50.EnableOrderEntryResponse, True, now)

    def _switch(
        self,
        message: ouch50.DisableOrderEntry | ouch50.EnableOrderEntry,
        response: type[ouch50.DisableOrderEntryResponse] | type[ouch50.EnableOrderEntryResponse],
        enabled: bool,
        now: int,
    ) -> None:
        time = self._market.stamp(now)
        if not self._take_firm_request(message, time):
            return
        self._enabled = enabled
        self.account.send(response(timestamp=time, user_ref_num=message.user_ref_num, firm=message.firm))

    def _query(self, message: ouch50.AccountQuery, now: int) -> None:
        time = self._market.stamp(now)
        code = check_options(message, self.account.login.firm)
        if code is not None:
            self._reject(0, code, message, time)
            return
        following = min(self._last_ref + 1, _MAX_REF)
        self.account.send(ouch50.AccountQueryResponse(timestamp=time, next_user_ref_num=following))

    def _undecodable(self, data: bytes, error: ProtocolError, now: int) -> None:
        """Refuse a request whose fixed fields are all there; anything else is garbage."""
        request = ouch50.INBOUND.get(chr(data[0])) if data else None
        if request not in _REF_OFFSET or len(data) < request.SIZE:
            raise GarbageError(f"not an OUCH 5.0 message: {error}") from error
        at = _REF_OFFSET[request]
        ref = int.from_bytes(data[at : at + 4], "big")
        if request is ReplaceOrder:
            ticket = self._tickets.get(int.from_bytes(data[1:5], "big"))
            if ticket is not None and ref > self._last_ref:
                self._market.cancel(ticket.order.ref, 0, now)
        elif self._take_number(ref):
            cl_ord_id = _readable_cl_ord_id(data) if request is EnterOrder else ""
            self._reject(ref, code_for(error, request, data), None, self._market.stamp(now), cl_ord_id)

    def _take_number(self, ref: int) -> bool:
        """Use up a UserRefNum; False for a retransmission, which is ignored in silence (OUCH 5.0 §5.1)."""
        if ref <= self._last_ref:
            log.info("%s: UserRefNum %d is not above %d, ignored", self.account.login.user, ref, self._last_ref)
            return False
        self._last_ref = ref
        return True

    def _take_firm_request(
        self, message: ouch50.MassCancel | ouch50.DisableOrderEntry | ouch50.EnableOrderEntry, time: int
    ) -> bool:
        """Use up the number of a request about a firm; False when it was one already or is rejected."""
        if not self._take_number(message.user_ref_num):
            return False
        own = message.firm in ("", self.account.login.firm)
        code = check_options(message, self.account.login.firm) if own else Code.FIRM_NOT_AUTHORIZED
        if code is not None:
            self._reject(message.user_ref_num, code, message, time)
        return code is None

    def _knows_options(self, message: CancelOrder | ModifyOrder) -> bool:
        """Whether a request that no answer can refuse says nothing but what this exchange does; logged if not."""
        code = check_options(message, self.account.login.firm)
        if code is not None:
            log.warning(
                "%s: %s of %d ignored for its options %r",
                self.account.login.user,
                message.NAME,
                message.user_ref_num,
                message.appendage,
            )
        return code is None

    def _order(self, request: EnterOrder | ReplaceOrder, symbol: str, buy: bool, shares: int) -> Order:
        return Order(
            self._market.engine.next_reference(),
            symbol,
            buy,
            shares,
            request.price,
            self._owner,
            request.user_ref_num,
            displayed=request.display != "N",
            ioc=request.time_in_force == IMMEDIATE,
            post_only=POST_ONLY in request.appendage,
            attribution=self.account.login.firm if request.display == "A" else "",
        )

    def _reject(self, ref: int, code: int, request: OuchInbound | None, time: int, cl_ord_id: str = "") -> None:
        cl_ord_id = getattr(request, "cl_ord_id", cl_ord_id)
        options = () if request is None else request.appendage
        log.info("%s: %d rejected, %s", self.account.login.user, ref, ouch50.REJECT_REASONS[code])
        self.account.counters.rejected += 1
        self.account.send(entry_answers.rejected(time, ref, code, cl_ord_id, options))

    def _accepted(self, event: Accepted) -> None:
        request = self._tickets[event.order.token].request
        assert isinstance(request, EnterOrder), "only an enter request leads to Accepted"
        self.account.counters.accepted += 1
        self.account.send(entry_answers.accepted(event, request))

    def _replaced(self, event: Replaced) -> None:
        ticket = self._tickets[event.new.token]
        assert isinstance(ticket.request, ReplaceOrder), "only a replace request leads to Replaced"
        self._tickets.pop(event.old.token, None)
        self.account.counters.accepted += 1
        self.account.send(entry_answers.replaced(event, ticket.request, ticket.side, ticket.capacity))

    def _executed(self, event: Executed) -> None:
        for order in (event.maker, event.taker):
            if order.owner == self._owner:
                self.account.counters.executed_shares += event.shares
                self.account.send(entry_answers.executed(event, order))
                self._forget_if_done(order)

    def _cancelled(self, event: Cancelled) -> None:
        self.account.counters.cancelled += event.shares
        self.account.send(entry_answers.cancelled(event))
        self._forget_if_done(event.order)

    def _forget_if_done(self, order: Order) -> None:
        if not order.shares:
            self._tickets.pop(order.token, None)


def _readable_cl_ord_id(data: bytes) -> str:
    """The ClOrdID of an enter request that did not decode, blank where it is not text either."""
    raw = data[31:45]
    return raw.decode().rstrip(" ") if raw.isascii() else ""
