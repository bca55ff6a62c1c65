"""Enter and replace requests of OUCH 5.0, decided by the tables of `entry_checks`."""

from __future__ import annotations

import logging

from exchange import entry_answers
from exchange.clock import SECOND
from exchange.cross_rules import WAITS_FOR_OPEN
from exchange.entry_answers import token_of
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
    check_terms,
    options_of,
)
from exchange.entry_parts import EntryParts
from exchange.orders import Order
from exchange.risk_limits import aiq_code, aiq_group_number
from exchange.ticket import Ticket
from protocols import ouch50
from protocols.ouch50 import EnterOrder, ReplaceOrder

log = logging.getLogger(__name__)


class NewOrders(EntryParts):
    """Makes orders out of requests, or refuses them."""

    def enter(self, message: EnterOrder, now: int) -> None:
        """`O`."""
        entry = self.entry
        terms = Terms(message, options_of(message), message.cross_type)
        token = token_of(message.user_ref_num, terms.number(INDEX))
        if not self.take_number(token):
            return
        cl_ord_id = message.cl_ord_id.encode().ljust(14)
        code = check_terms(terms, self.firm) or self._refusal(terms, message.symbol, message.side, now)
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
        entry = self.entry
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

    def replace(self, message: ReplaceOrder, now: int) -> None:
        """`U`."""
        entry = self.entry
        options = options_of(message)
        index = options.get(INDEX, 0)
        assert isinstance(index, int), "UserRefIdx is a number"
        old = entry.orders.get(token_of(message.orig_user_ref_num, index))
        token = token_of(message.user_ref_num, index)
        if old is None or message.user_ref_num <= entry.last_refs.get(index, 0):
            log.info("%s: replace of %d ignored", self.user, message.orig_user_ref_num)
            return
        past: Ticket = old.ticket
        terms = Terms(message, options, chr(past.cross))
        side = str(options.get(SIDE, chr(past.side)))
        turned = (side == "B") != old.buy
        shares = message.quantity - old.executed
        cl_ord_id = message.cl_ord_id.encode().ljust(14)
        if self.is_late(old, now):
            self.refuse_late(old, token, cl_ord_id)
            return
        if check_terms(terms, self.firm) is not None or turned or shares <= 0:
            entry.market.cancel(old, 0, now)
            return
        entry.last_refs[index] = message.user_ref_num
        code = Code.CANCEL_PENDING if past.cancel_told else self._refusal(terms, old.book.symbol, side, now, old)
        if code is not None:
            entry.reject(token, code, cl_ord_id)
            return
        ticket = _replacement(message, past, side)
        new = entry.make_order(ticket, old.book, token, shares, message.price)
        _set_options(new, terms)
        self._resubmit(old, new, ticket, terms, now)

    def _resubmit(self, old: Order, new: Order, ticket: Ticket, terms: Terms, now: int) -> None:
        entry = self.entry
        auctions = entry.market.auctions
        new.auction = old.auction
        if old.auction == WAITS_FOR_OPEN and terms.request.time_in_force != DAY:
            # Only day orders wait: this one trades at once, like any of its kind.
            new.auction = 0
        if new.auction:
            ticket.waits = True
            entry.orders[new.token] = new
            auctions.replace(old, new, now)
        else:
            entry.replace(old, new, now)
        self._keep_time(new, terms, now)

    def _refusal(self, terms: Terms, symbol: str, side: str, now: int, old: Order | None = None) -> int | None:
        """Why a good request cannot be carried out now: firm, symbol, hours, crosses, risk limits; in that order."""
        entry = self.entry
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
        auctions = self.entry.market.auctions
        day = terms.request.time_in_force == DAY and terms.cross == CONTINUOUS
        return day and auctions is not None and bool(auctions.opens_later(now))

    def _keep_time(self, order: Order, terms: Terms, now: int) -> None:
        """Let a good-till-time order end by itself."""
        seconds = terms.number(EXPIRE_TIME)
        if seconds and self.entry.is_open(order.token):
            self.entry.expiries.set(order.token, now + seconds * SECOND)


def _replacement(message: ReplaceOrder, past: Ticket, side: str) -> Ticket:
    """What a replace says, and what stays as it was in the chain."""
    ticket = Ticket(
        ord(side),
        ord(message.time_in_force),
        ord(message.display),
        past.capacity,
        ord(message.inter_market_sweep_eligibility),
        message.cl_ord_id.encode().ljust(14),
    )
    group = options_of(message).get(GROUP, past.group)
    assert isinstance(group, int), "a group is a number"
    ticket.cross, ticket.group, ticket.replaces = past.cross, group, message.orig_user_ref_num
    ticket.echo = entry_answers.echo(message.appendage, ouch50.OrderReplaced)
    return ticket


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
