"""The table path of order entry: decodes a request with `protocols.ouch50`, and decides by the tables."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from exchange import entry_answers
from exchange.clock import SECOND
from exchange.entry_answers import index_of, ref_of, token_of
from exchange.entry_checks import (
    AIQ,
    AIQ_GROUP,
    CONTINUOUS,
    DAY,
    EXPIRE_TIME,
    GROUP,
    HANDLE_INST,
    INDEX,
    MAX_FLOOR,
    MIDPOINT,
    MIN_QUANTITY,
    POST_ONLY,
    PRICE_TYPE,
    RANDOM_RESERVES,
    SIDE,
    Code,
    Terms,
    check_hours,
    check_options,
    check_terms,
    code_for,
    options_of,
)
from exchange.orders import Order
from exchange.risk_limits import aiq_code, aiq_group_number
from exchange.ticket import Ticket
from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.ouch50 import CancelOrder, EnterOrder, ModifyOrder, OuchInbound, ReplaceOrder

if TYPE_CHECKING:
    from exchange.order_entry import OrderEntry

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
FirmRequest = ouch50.MassCancel | ouch50.DisableOrderEntry | ouch50.EnableOrderEntry


class GarbageError(ValueError):
    """An inbound message that no answer fits: the connection must go. The text says why."""


class EntryTable:
    """Works requests off for an account's order entry, which holds all state."""

    def __init__(self, entry: OrderEntry) -> None:
        self._entry = entry
        self._user = entry.account.login.user
        self._firm = entry.account.login.firm
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
        self._entry.market.stamp(now)
        try:
            message = ouch50.decode_inbound(data)
        except ProtocolError as error:
            self._undecodable(data, error, now)
            return
        self._handlers[type(message)](message, now)

    # Requests

    def _enter(self, message: EnterOrder, now: int) -> None:
        entry = self._entry
        terms = Terms(message, options_of(message), message.cross_type)
        token = token_of(message.user_ref_num, terms.number(INDEX))
        if not self._take_number(token):
            return
        cl_ord_id = message.cl_ord_id.encode().ljust(14)
        code = check_terms(terms, self._firm) or self._refusal(terms, message.symbol, message.side, now)
        if code is not None:
            entry.reject(token, code, cl_ord_id)
            return
        ticket = Ticket(
            ord(message.side),
            ord(message.time_in_force),
            ord(message.display),
            ord(message.capacity),
            ord(message.inter_market_sweep_eligibility),
            cl_ord_id,
        )
        ticket.cross = ord(message.cross_type)
        ticket.group = terms.number(GROUP)
        ticket.echo = entry_answers.echo(message.appendage, ouch50.OrderAccepted)
        book = entry.market.engine.books[message.symbol]
        order = entry.make_order(ticket, book, token, message.quantity, message.price)
        _set_options(order, terms)
        self._submit(order, ticket, terms, now)

    def _submit(self, order: Order, ticket: Ticket, terms: Terms, now: int) -> None:
        entry = self._entry
        if terms.cross != CONTINUOUS:
            order.auction = ticket.cross
            ticket.waits = True
            entry.enter(order, now)
        elif self._waits_for_open(terms, now):
            ticket.waits = True
            entry.orders[order.token] = order
            entry.market.auctions.hold_until_open(order, now)
        else:
            entry.enter(order, now)
        self._keep_time(order, terms, now)

    def _replace(self, message: ReplaceOrder, now: int) -> None:
        entry = self._entry
        options = options_of(message)
        index = options.get(INDEX, 0)
        assert isinstance(index, int), "UserRefIdx is a number"
        old = entry.orders.get(token_of(message.orig_user_ref_num, index))
        token = token_of(message.user_ref_num, index)
        if old is None or message.user_ref_num <= entry.last_refs.get(index, 0):
            log.info("%s: replace of %d ignored", self._user, message.orig_user_ref_num)
            return
        past: Ticket = old.ticket
        terms = Terms(message, options, chr(past.cross))
        side = str(options.get(SIDE, chr(past.side)))
        turned = (side == "B") != old.buy
        shares = message.quantity - old.executed
        late = old.auction and entry.market.auctions.late(old, now)
        if not late and (check_terms(terms, self._firm) is not None or turned or shares <= 0):
            entry.market.cancel(old, 0, now)
            return
        entry.last_refs[index] = message.user_ref_num
        cl_ord_id = message.cl_ord_id.encode().ljust(14)
        if past.cancel_told:
            code: int | None = Code.CANCEL_PENDING
        elif late:
            code = Code.REPLACE_NOT_ALLOWED
        else:
            code = self._refusal(terms, old.book.symbol, side, now, old)
        if code is not None:
            entry.reject(token, code, cl_ord_id)
            return
        ticket = Ticket(
            ord(side),
            ord(message.time_in_force),
            ord(message.display),
            past.capacity,
            ord(message.inter_market_sweep_eligibility),
            cl_ord_id,
        )
        ticket.cross = past.cross
        ticket.group = terms.number(GROUP) if GROUP in options else past.group
        ticket.replaces = message.orig_user_ref_num
        ticket.echo = entry_answers.echo(message.appendage, ouch50.OrderReplaced)
        new = entry.make_order(ticket, old.book, token, shares, message.price)
        _set_options(new, terms)
        self._resubmit(old, new, ticket, terms, now)

    def _resubmit(self, old: Order, new: Order, ticket: Ticket, terms: Terms, now: int) -> None:
        entry = self._entry
        auctions = entry.market.auctions
        if old.auction:
            ticket.waits = True
            entry.orders[new.token] = new
            auctions.replace(old, new, now)
        else:
            entry.replace(old, new, now)
        self._keep_time(new, terms, now)

    def _cancel(self, message: CancelOrder, now: int) -> None:
        order = self._order_of(message)
        if order is not None and self._knows_options(message):
            self._cut(order, max(0, message.quantity - order.executed), now)

    def _modify(self, message: ModifyOrder, now: int) -> None:
        order = self._order_of(message)
        if order is None or (message.side == "B") != order.buy:
            log.info("%s: modify of %d to %s ignored", self._user, message.user_ref_num, message.side)
            return
        keep = message.quantity - order.executed
        if not self._knows_options(message):
            return
        if keep <= 0 or self._is_late(order, now):
            self._cut(order, max(0, keep), now)
            return
        ticket: Ticket = order.ticket
        ticket.side = ord(message.side)
        order.short_sale = message.side == "T"
        ticket.located = tuple(option for option in message.appendage if option.tag in (25, 26))
        self._entry.market.modify(order, keep, now)

    def _cut(self, order: Order, keep: int, now: int) -> None:
        """Cancel down to ``keep`` open shares; in the late period of a cross, say once that it cannot be done now."""
        entry = self._entry
        if not self._is_late(order, now):
            entry.market.cancel(order, keep, now)
            return
        ticket: Ticket = order.ticket
        if keep == 0 and not ticket.cancel_told:
            ticket.cancel_told = True
            entry.account.send_bytes(entry_answers.cancel_pending(entry.market.time, order))
        elif 0 < keep < order.shares and not ticket.partial_told:
            ticket.partial_told = True
            entry.account.send_bytes(entry_answers.cancel_refused(entry.market.time, order))

    def _mass_cancel(self, message: ouch50.MassCancel, now: int) -> None:
        if not self._take_firm_request(message):
            return
        entry = self._entry
        time = entry.market.time
        options = options_of(message)
        entry.account.send(
            ouch50.MassCancelResponse(
                timestamp=time,
                user_ref_num=message.user_ref_num,
                firm=message.firm,
                symbol=message.symbol,
                appendage=tuple(option for option in message.appendage if option.tag != INDEX or option.value),
            )
        )
        side, group = options.get(SIDE), options.get(GROUP, 0)
        for order in list(entry.orders.values()):
            ticket: Ticket = order.ticket
            wanted = message.symbol in ("", order.book.symbol) and side in (None, chr(ticket.side))
            if wanted and group in (0, ticket.group):
                self._cut(order, 0, now)

    def _disable(self, message: ouch50.DisableOrderEntry, _now: int) -> None:
        self._switch(message, ouch50.DisableOrderEntryResponse, False)

    def _enable(self, message: ouch50.EnableOrderEntry, _now: int) -> None:
        self._switch(message, ouch50.EnableOrderEntryResponse, True)

    def _switch(
        self,
        message: FirmRequest,
        response: type[ouch50.DisableOrderEntryResponse] | type[ouch50.EnableOrderEntryResponse],
        enabled: bool,
    ) -> None:
        if not self._take_firm_request(message):
            return
        entry = self._entry
        entry.enabled = enabled
        token = token_of(message.user_ref_num, _index(message))
        entry.account.send(
            response(
                timestamp=entry.market.time,
                user_ref_num=message.user_ref_num,
                firm=message.firm,
                appendage=index_of(token),
            )
        )

    def _query(self, message: ouch50.AccountQuery, _now: int) -> None:
        entry = self._entry
        index = _index(message)
        code = check_options(message, self._firm)
        if code is not None:
            entry.reject(token_of(0, index), code, b" " * 14)
            return
        following = min(entry.last_refs.get(index, 0) + 1, _MAX_REF)
        entry.account.send(
            ouch50.AccountQueryResponse(
                timestamp=entry.market.time, next_user_ref_num=following, appendage=index_of(token_of(0, index))
            )
        )

    # Parts

    def _refusal(self, terms: Terms, symbol: str, side: str, now: int, old: Order | None = None) -> int | None:
        """Why a good request cannot be carried out now: firm, symbol, hours, crosses, risk limits; in that order."""
        entry = self._entry
        market = entry.market
        if not entry.enabled:
            return Code.FIRM_NOT_AUTHORIZED
        book = market.engine.books.get(symbol)
        if book is None:
            return Code.INVALID_SYMBOL
        closed = check_hours(terms.request.time_in_force, market.last_system_event)
        if closed is not None:
            return closed
        if terms.cross != CONTINUOUS and market.auctions is None:
            return Code.INVALID_CROSS_ORDER
        if old is not None and not old.auction and self._waits_for_open(terms, now):
            # It is in the book already, and would have to leave it again until the open.
            return Code.REPLACE_NOT_ALLOWED
        if entry.risk is None:
            return None
        code: int | None = entry.risk.refusal(terms, book, side, old, now)
        return code

    def _waits_for_open(self, terms: Terms, now: int) -> bool:
        """Whether it is a day order ahead of the market's opening."""
        auctions = self._entry.market.auctions
        day = terms.request.time_in_force == DAY and terms.cross == CONTINUOUS
        return day and auctions is not None and bool(auctions.opens_later(now))

    def _keep_time(self, order: Order, terms: Terms, now: int) -> None:
        """Let a good-till-time order end by itself."""
        seconds = terms.number(EXPIRE_TIME)
        if seconds and self._entry.is_open(order.token):
            self._entry.expiries.set(order.token, now + seconds * SECOND)

    def _is_late(self, order: Order, now: int) -> bool:
        return bool(order.auction) and bool(self._entry.market.auctions.late(order, now))

    def _order_of(self, message: CancelOrder | ModifyOrder) -> Order | None:
        return self._entry.orders.get(token_of(message.user_ref_num, _index(message)))

    def _take_number(self, token: int) -> bool:
        """Use up a UserRefNum; False for a retransmission, which is ignored in silence (OUCH 5.0 §5.1)."""
        ref, index = ref_of(token), token >> 32
        last = self._entry.last_refs.get(index, 0)
        if ref <= last:
            log.info("%s: UserRefNum %d is not above %d, ignored", self._user, ref, last)
            return False
        self._entry.last_refs[index] = ref
        return True

    def _take_firm_request(self, message: FirmRequest) -> bool:
        """Use up the number of a request about a firm; False when it was used already or is rejected."""
        token = token_of(message.user_ref_num, _index(message))
        if not self._take_number(token):
            return False
        own = message.firm in ("", self._firm)
        code = check_options(message, self._firm) if own else Code.FIRM_NOT_AUTHORIZED
        if code is not None:
            self._entry.reject(token, code, b" " * 14)
        return code is None

    def _knows_options(self, message: CancelOrder | ModifyOrder) -> bool:
        """Whether a request that no answer can refuse says nothing but what this exchange does; logged if not."""
        code = check_options(message, self._firm)
        if code is not None:
            log.warning(
                "%s: %s of %d ignored for its options %r",
                self._user,
                message.NAME,
                message.user_ref_num,
                message.appendage,
            )
        return code is None

    def _undecodable(self, data: bytes, error: ProtocolError, now: int) -> None:
        """Refuse a request whose fixed fields are all there; anything else is garbage."""
        request = ouch50.INBOUND.get(chr(data[0])) if data else None
        if request not in _REF_OFFSET or len(data) < request.SIZE:
            raise GarbageError(f"not an OUCH 5.0 message: {error}") from error
        index = _index_in(data[request.SIZE + 2 :])
        at = _REF_OFFSET[request]
        ref = int.from_bytes(data[at : at + 4], "big")
        entry = self._entry
        if request is ReplaceOrder:
            old = entry.orders.get(token_of(int.from_bytes(data[1:5], "big"), index))
            if old is not None and ref > entry.last_refs.get(index, 0):
                self._cut(old, 0, now)
        elif self._take_number(token_of(ref, index)):
            cl_ord_id = _readable_cl_ord_id(data) if request is EnterOrder else b" " * 14
            entry.reject(token_of(ref, index), code_for(error, request, data), cl_ord_id)


def _set_options(order: Order, terms: Terms) -> None:
    order.post_only = terms.says(POST_ONLY) == "P"
    order.midpoint = terms.says(PRICE_TYPE) == MIDPOINT
    order.min_quantity = terms.number(MIN_QUANTITY)
    order.max_floor = terms.number(MAX_FLOOR)
    order.random_floor = terms.number(RANDOM_RESERVES)
    order.imbalance_only = terms.says(HANDLE_INST) == "I"
    strategy, group = terms.options.get(AIQ, "*"), terms.options.get(AIQ_GROUP, "**")
    if strategy != "*":
        order.aiq = aiq_code(str(strategy))
    if group != "**":
        order.aiq_group = aiq_group_number(str(group))


def _index(message: OuchInbound) -> int:
    """The UserRefIdx (tag 28) of a decoded request."""
    return next((int(option.value) for option in message.appendage if option.tag == INDEX), 0)


def _index_in(options: bytes) -> int:
    """The UserRefIdx in an appendage that does not decode, as far as it can be followed."""
    at = 0
    while at + 2 < len(options) and options[at]:
        if options[at] == 2 and options[at + 1] == INDEX:
            return options[at + 2]
        at += 1 + options[at]
    return 0


def _readable_cl_ord_id(data: bytes) -> bytes:
    """The ClOrdID of an enter request that did not decode, blank where it is not text either."""
    raw = data[31:45]
    return raw if raw.isascii() else b" " * 14
