"""Requests of OUCH 5.0 about orders that are there (cancel, modify, mass cancel) and about the account."""

from __future__ import annotations

import logging

from exchange.entry_answers import index_of, token_of
from exchange.entry_checks import GROUP, INDEX, LOCATE_BROKER, LOCATED, SIDE, Code, check_options, options_of
from exchange.entry_parts import EntryParts, index_of_request
from exchange.orders import Order
from exchange.ticket import Ticket
from protocols import ouch50
from protocols.ouch50 import CancelOrder, ModifyOrder

log = logging.getLogger(__name__)

_MAX_REF = 0xFFFF_FFFF
FirmRequest = ouch50.MassCancel | ouch50.DisableOrderEntry | ouch50.EnableOrderEntry


class Changes(EntryParts):
    """Changes what is there."""

    def cancel(self, message: CancelOrder, now: int) -> None:
        """`X`."""
        order = self._order_of(message)
        if order is not None and self._knows_options(message):
            self.cut(order, max(0, message.quantity - order.executed), now)

    def modify(self, message: ModifyOrder, now: int) -> None:
        """`M`."""
        order = self._order_of(message)
        if order is None or (message.side == "B") != order.buy:
            log.info("%s: modify of %d to %s ignored", self.user, message.user_ref_num, message.side)
            return
        keep = message.quantity - order.executed
        if not self._knows_options(message):
            return
        if keep <= 0 or self.is_late(order, now):
            self.cut(order, max(0, keep), now)
            return
        ticket: Ticket = order.ticket
        if not self._may_become(order, message, now):
            return
        ticket.side = ord(message.side)
        order.short_sale = message.side == "T"
        ticket.located = tuple(option for option in message.appendage if option.tag in (LOCATED, LOCATE_BROKER))
        self.entry.market.modify(order, keep, now)

    def _may_become(self, order: Order, message: ModifyOrder, now: int) -> bool:
        """Whether the risk limits let an order become another kind of sale; logged if not, as no answer can say so."""
        risk = self.entry.risk
        if risk is None or message.side == chr(order.ticket.side):
            return True
        located = options_of(message).get(LOCATED) == "Y"
        code = risk.side_refusal(order, message.side, located, now)
        if code is not None:
            reason = ouch50.REJECT_REASONS[code]
            log.warning("%s: modify of %d to %s ignored: %s", self.user, message.user_ref_num, message.side, reason)
        return code is None

    def mass_cancel(self, message: ouch50.MassCancel, now: int) -> None:
        """`C`: answered first, the orders follow."""
        if not self._take_firm_request(message):
            return
        entry = self.entry
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
                self.cut(order, 0, now)

    def disable(self, message: ouch50.DisableOrderEntry, _now: int) -> None:
        """`D`."""
        self._switch(message, ouch50.DisableOrderEntryResponse, False)

    def enable(self, message: ouch50.EnableOrderEntry, _now: int) -> None:
        """`E`."""
        self._switch(message, ouch50.EnableOrderEntryResponse, True)

    def _switch(
        self,
        message: FirmRequest,
        response: type[ouch50.DisableOrderEntryResponse] | type[ouch50.EnableOrderEntryResponse],
        enabled: bool,
    ) -> None:
        if not self._take_firm_request(message):
            return
        entry = self.entry
        entry.enabled = enabled
        token = token_of(message.user_ref_num, index_of_request(message))
        entry.account.send(
            response(
                timestamp=entry.market.time,
                user_ref_num=message.user_ref_num,
                firm=message.firm,
                appendage=index_of(token),
            )
        )

    def query(self, message: ouch50.AccountQuery, _now: int) -> None:
        """`Q`."""
        entry = self.entry
        index = index_of_request(message)
        code = check_options(message, self.firm)
        if code is not None:
            entry.reject(token_of(0, index), code, b" " * 14)
            return
        following = min(entry.last_refs.get(index, 0) + 1, _MAX_REF)
        entry.account.send(
            ouch50.AccountQueryResponse(
                timestamp=entry.market.time, next_user_ref_num=following, appendage=index_of(token_of(0, index))
            )
        )

    def _order_of(self, message: CancelOrder | ModifyOrder) -> Order | None:
        return self.entry.orders.get(token_of(message.user_ref_num, index_of_request(message)))

    def _take_firm_request(self, message: FirmRequest) -> bool:
        """Use up the number of a request about a firm; False when it was used already or is rejected."""
        token = token_of(message.user_ref_num, index_of_request(message))
        if not self.take_number(token):
            return False
        own = message.firm in ("", self.firm)
        code = check_options(message, self.firm) if own else Code.FIRM_NOT_AUTHORIZED
        if code is not None:
            self.entry.reject(token, code, b" " * 14)
        return code is None

    def _knows_options(self, message: CancelOrder | ModifyOrder) -> bool:
        """Whether a request that no answer can refuse says nothing but what this exchange does; logged if not."""
        code = check_options(message, self.firm)
        if code is not None:
            log.warning(
                "%s: %s of %d ignored for its options %r",
                self.user,
                message.NAME,
                message.user_ref_num,
                message.appendage,
            )
        return code is None
