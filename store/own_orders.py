"""Rows of the own orders from their OUCH 5.0 messages: what each message says, filled up with what its order is.

The messages are a table: for each, the event it is called and the attributes that become columns.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from protocols import ouch50
from protocols.errors import ProtocolError
from store.fees import Fees
from store.segments import login_of

Row = dict[str, Any]
OrderKey = tuple[int, int, int]
"""Login (`store.segments`), venue and UserRefNum."""


class Told(NamedTuple):
    """What a message tells: the event, and by column the attribute it is in."""

    event: str
    columns: Mapping[str, str]


_LIMIT: Final = {"side": "side", "symbol": "symbol", "price": "price", "shares": "quantity", "tif": "time_in_force"}
_ENTERED: Final = {**_LIMIT, "iso": "inter_market_sweep_eligibility"}
_LIVE: Final = {**_ENTERED, "order_ref": "order_reference_number"}
_CHANGED: Final = {name: _ENTERED[name] for name in ("price", "shares", "tif", "iso")}

SENT: Final[Mapping[type[ouch50.OuchMessage], Told]] = {
    ouch50.EnterOrder: Told("entered", _ENTERED),
    ouch50.ReplaceOrder: Told("replace_sent", {**_CHANGED, "replaces": "orig_user_ref_num"}),
    ouch50.CancelOrder: Told("cancel_sent", {"shares": "quantity"}),
    ouch50.ModifyOrder: Told("modify_sent", {"side": "side", "shares": "quantity"}),
    ouch50.MassCancel: Told("mass_cancel_sent", {"symbol": "symbol"}),
    ouch50.DisableOrderEntry: Told("disable_sent", {}),
    ouch50.EnableOrderEntry: Told("enable_sent", {}),
    ouch50.AccountQuery: Told("query_sent", {}),
}
RECEIVED: Final[Mapping[type[ouch50.OuchMessage], Told]] = {
    ouch50.SystemEvent: Told("system", {"reason": "event_code"}),
    ouch50.OrderAccepted: Told("accepted", _LIVE),
    ouch50.OrderReplaced: Told("replaced", {**_LIVE, "replaces": "orig_user_ref_num"}),
    ouch50.OrderCanceled: Told("cancelled", {"shares": "quantity", "reason": "reason"}),
    ouch50.AiqCanceled: Told("prevented", {"shares": "decrement_shares", "reason": "reason"}),
    ouch50.OrderExecuted: Told("executed", {"shares": "quantity", "price": "price", "match": "match_number"}),
    ouch50.BrokenTrade: Told("broken", {"match": "match_number", "reason": "reason"}),
    ouch50.Rejected: Told("rejected", {"reason": "reason"}),
    ouch50.CancelPending: Told("cancel_pending", {}),
    ouch50.CancelReject: Told("cancel_rejected", {}),
    ouch50.OrderPriorityUpdate: Told("priority_updated", {"price": "price", "order_ref": "order_reference_number"}),
    ouch50.OrderModified: Told("modified", {"side": "side", "shares": "quantity"}),
    ouch50.OrderRestated: Told("restated", {"reason": "reason"}),
    ouch50.MassCancelResponse: Told("mass_cancelled", {"symbol": "symbol"}),
    ouch50.DisableOrderEntryResponse: Told("entry_disabled", {}),
    ouch50.EnableOrderEntryResponse: Told("entry_enabled", {}),
    ouch50.AccountQueryResponse: Told("queried", {}),
}
_BLANK: Final[Row] = {
    "replaces": 0,
    "symbol": "",
    "side": "",
    "price": 0,
    "shares": 0,
    "tif": "",
    "strategy": "",
    "iso": "",
    "reason": "",
    "exchange_ns": 0,
    "order_ref": 0,
    "match": 0,
}
_OF_ORDER: Final = ("symbol", "side", "price", "tif", "strategy", "iso", "order_ref")
"""What belongs to an order and is in its later rows too."""
_UNCHANGED: Final = ("executed", "cancelled", "broken")
"""Events whose price or side is not the order's."""


class OwnOrders:
    """Takes the messages of a run's journals in their order; remembers each order, by login, venue and UserRefNum.

    `strategies`: of the orders, by the same; `undecoded`: messages that are no OUCH.
    """

    def __init__(self, fees: Fees, strategies: Mapping[OrderKey, str]) -> None:
        self.undecoded = 0
        self._fees = fees
        self._strategies = strategies
        self._orders: dict[OrderKey, Row] = {}
        self._executed: set[tuple[OrderKey, int, int]] = set()

    def take(self, number: int, time: int, venue: int, sent: bool, payload: bytes) -> tuple[Row | None, Row | None]:
        """The row of `orders` and the one of `executions` that a message makes, None for none.

        An execution that the exchange tells again has no second row: it is known by its order, match number and time.
        """
        try:
            message = ouch50.decode_inbound(payload) if sent else ouch50.decode_outbound(payload)
        except ProtocolError:
            self.undecoded += 1
            return None, None
        at = login_of(number), venue
        row = self._row(at, message, SENT if sent else RECEIVED)
        row |= {"number": number, "t": time, "venue": venue, "exchange_ns": getattr(message, "timestamp", 0)}
        if not isinstance(message, ouch50.OrderExecuted):
            return row, None
        known = (*at, message.user_ref_num), message.match_number, message.timestamp
        if known in self._executed:
            return row, None
        self._executed.add(known)
        fee = self._fees.of(message.liquidity_flag, message.quantity)
        execution = {name: row[name] for name in row if name not in ("event", "replaces", "tif", "iso", "reason")}
        del execution["order_ref"]
        return row, execution | {"liquidity": message.liquidity_flag, "fee": fee}

    def _row(
        self, at: tuple[int, int], message: ouch50.OuchMessage, table: Mapping[type[ouch50.OuchMessage], Told]
    ) -> Row:
        told = table[type(message)]
        reference = int(getattr(message, "user_ref_num", 0))
        said = {column: getattr(message, attribute) for column, attribute in told.columns.items()}
        if "reason" in said:
            said["reason"] = str(said["reason"])
        key = (*at, reference)
        if "replaces" in said and key not in self._orders:
            # A replace says neither side nor symbol: they are those of the order before it.
            before = self._orders.get((*at, said["replaces"]), {})
            self._orders[key] = {name: before[name] for name in ("symbol", "side", "strategy") if name in before}
        known = self._orders.setdefault(key, {}) if reference else {}
        if key in self._strategies:
            known["strategy"] = self._strategies[key]
        if told.event not in _UNCHANGED:
            known |= {name: said[name] for name in _OF_ORDER if name in said}
        return _BLANK | known | said | {"event": told.event, "reference": reference}
