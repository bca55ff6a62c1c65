"""The way out: every order passes the risk gate, is journalled, and goes to the order session."""

from collections.abc import Callable
from typing import Any

from hftapp import records
from hftapp.trader.market import Instrument
from hftapp.trader.order import DAY, Order, State
from hftapp.trader.orders import Orders
from hftapp.trader.risk import Intent, RiskGate
from hftapp.trader.session import OrderSession


class OrderGateway:
    """Enter, replace, cancel. `open`: strategies may trade. `emitted`: messages given to the session."""

    def __init__(
        self,
        orders: Orders,
        risk: RiskGate,
        session: OrderSession,
        emit: Callable[[int, Any], None],
    ) -> None:
        self.orders = orders
        self.risk = risk
        self.open = False
        self.emitted = 0
        self._session = session
        self._emit = emit

    def enter(
        self, instrument: Instrument, side: str, shares: int, price: int, now: int, *, tif: str = DAY, owner: int = 0
    ) -> Order | None:
        """A new order; None when the gateway is closed or the risk gate refuses."""
        if not self._passes(Intent(instrument, side, shares, price, None, now)):
            return None
        order, message = self.orders.enter(instrument.symbol, side, shares, price, tif=tif, owner=owner)
        self._send(message, now)
        return order

    def replace(self, instrument: Instrument, order: Order, shares: int, price: int, now: int) -> Order | None:
        """Replace a live order; None when the gateway is closed or the risk gate refuses."""
        if not self._passes(Intent(instrument, order.side, shares, price, order, now)):
            return None
        new, message = self.orders.replace(order, shares, price)
        self._send(message, now)
        return new

    def cancel(self, order: Order, now: int) -> None:
        """Cancel the rest of an order. Cancels are never refused and may be repeated."""
        if order.state is not State.DEAD:
            self._send(self.orders.cancel(order), now)

    def cancel_all(self, now: int, *, again: bool = True) -> None:
        """Cancel every open order at the end of its chain of replaces; not `again`: those not asked for yet."""
        for order in self.orders.open_orders():
            if order.replaced_by is None and (again or not order.cancelling):
                self.cancel(order, now)

    def _passes(self, intent: Intent) -> bool:
        if not self.open or not self._session.ready:
            return False
        refusal = self.risk.check(intent)
        if refusal is not None:
            self._emit(records.RISK, refusal._asdict())
        return refusal is None

    def _send(self, message: bytes, now: int) -> None:
        if self._session.send(message, now):
            self.emitted += 1
