"""The table path of order entry: decodes a request with `protocols.ouch50`, and decides by the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from exchange.entry_answers import token_of
from exchange.entry_changes import Changes
from exchange.entry_checks import INDEX, code_for
from exchange.entry_orders import NewOrders
from exchange.entry_parts import EntryParts
from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.ouch50 import CancelOrder, EnterOrder, ModifyOrder, OuchInbound, ReplaceOrder

if TYPE_CHECKING:
    from exchange.order_entry import OrderEntry

# The requests that use up a UserRefNum, and where it stands in them.
_REF_OFFSET: dict[type[OuchInbound], int] = {
    EnterOrder: 1,
    ReplaceOrder: 5,
    ouch50.MassCancel: 1,
    ouch50.DisableOrderEntry: 1,
    ouch50.EnableOrderEntry: 1,
}


class GarbageError(ValueError):
    """An inbound message that no answer fits: the connection must go. The text says why."""


class EntryTable(EntryParts):
    """Works requests off for an account's order entry."""

    def __init__(self, entry: OrderEntry) -> None:
        super().__init__(entry)
        orders, changes = NewOrders(entry), Changes(entry)
        self._handlers: dict[type[OuchInbound], Callable[[Any, int], None]] = {
            EnterOrder: orders.enter,
            ReplaceOrder: orders.replace,
            CancelOrder: changes.cancel,
            ModifyOrder: changes.modify,
            ouch50.MassCancel: changes.mass_cancel,
            ouch50.DisableOrderEntry: changes.disable,
            ouch50.EnableOrderEntry: changes.enable,
            ouch50.AccountQuery: changes.query,
        }

    def on_message(self, data: bytes, now: int) -> None:
        """Take one inbound message; raises GarbageError for bytes that are not OUCH."""
        self.entry.market.stamp(now)
        try:
            message = ouch50.decode_inbound(data)
        except ProtocolError as error:
            self._undecodable(data, error, now)
            return
        self._handlers[type(message)](message, now)

    def _undecodable(self, data: bytes, error: ProtocolError, now: int) -> None:
        """Refuse a request whose fixed fields are all there; anything else is garbage."""
        request = ouch50.INBOUND.get(chr(data[0])) if data else None
        if request not in _REF_OFFSET or len(data) < request.SIZE:
            raise GarbageError(f"not an OUCH 5.0 message: {error}") from error
        index = _index_in(data[request.SIZE + 2 :])
        at = _REF_OFFSET[request]
        ref = int.from_bytes(data[at : at + 4], "big")
        entry = self.entry
        if request is ReplaceOrder:
            old = entry.orders.get(token_of(int.from_bytes(data[1:5], "big"), index))
            if old is None or ref <= entry.last_refs.get(index, 0):
                return
            if self.is_late(old, now):
                self.refuse_late(old, token_of(ref, index), _readable_cl_ord_id(data[24:38]))
            else:
                self.cut(old, 0, now)
        elif self.take_number(token_of(ref, index)):
            cl_ord_id = _readable_cl_ord_id(data[31:45]) if request is EnterOrder else b" " * 14
            entry.reject(token_of(ref, index), code_for(error, request, data), cl_ord_id)


def _index_in(options: bytes) -> int:
    """The UserRefIdx in an appendage that does not decode, as far as it can be followed."""
    at = 0
    while at + 2 < len(options) and options[at]:
        if options[at] == 2 and options[at + 1] == INDEX:
            return options[at + 2]
        at += 1 + options[at]
    return 0


def _readable_cl_ord_id(raw: bytes) -> bytes:
    """The ClOrdID of a request that did not decode, blank where it is not text either."""
    return raw if raw.isascii() else b" " * 14
