"""What the parts of the table path share: the account's order entry, its numbers, and cancels in late periods."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from exchange import entry_answers
from exchange.entry_answers import ref_of
from exchange.entry_checks import INDEX, Code
from exchange.orders import Order
from exchange.ticket import Ticket
from protocols.ouch50 import OuchInbound

if TYPE_CHECKING:
    from exchange.order_entry import OrderEntry

log = logging.getLogger(__name__)


class EntryParts:
    """Works for an account's order entry, which holds all state."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.user = entry.account.login.user
        self.firm = entry.account.login.firm

    def take_number(self, token: int) -> bool:
        """Use up a UserRefNum; False for a retransmission, which is ignored in silence (OUCH 5.0 §5.1)."""
        ref, index = ref_of(token), token >> 32
        last = self.entry.last_refs.get(index, 0)
        if ref <= last:
            log.info("%s: UserRefNum %d is not above %d, ignored", self.user, ref, last)
            return False
        self.entry.last_refs[index] = ref
        return True

    def cut(self, order: Order, keep: int, now: int) -> None:
        """Cancel down to ``keep`` open shares; in the late period of a cross, say once that it cannot be done now."""
        entry = self.entry
        if not self.is_late(order, now):
            entry.market.cancel(order, keep, now)
            return
        ticket: Ticket = order.ticket
        if keep == 0 and not ticket.cancel_told:
            ticket.cancel_told = True
            entry.account.send_bytes(entry_answers.cancel_pending(entry.market.time, order))
        elif 0 < keep < order.shares and not ticket.partial_told:
            ticket.partial_told = True
            entry.account.send_bytes(entry_answers.cancel_refused(entry.market.time, order))

    def refuse_late(self, old: Order, token: int, cl_ord_id: bytes) -> None:
        """Refuse to replace an order in the late period of its cross: it stays, the number is used up."""
        self.entry.last_refs[token >> 32] = ref_of(token)
        told = old.ticket.cancel_told
        self.entry.reject(token, Code.CANCEL_PENDING if told else Code.REPLACE_NOT_ALLOWED, cl_ord_id)

    def is_late(self, order: Order, now: int) -> bool:
        """Whether an order waits for a cross in whose late period it cannot be cancelled."""
        return bool(order.auction) and bool(self.entry.market.auctions.late(order, now))


def index_of_request(message: OuchInbound) -> int:
    """The UserRefIdx (tag 28) of a decoded request."""
    return next((int(option.value) for option in message.appendage if option.tag == INDEX), 0)
