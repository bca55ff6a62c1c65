"""Order entry on paper, for market data that was recorded without the order session.

Every order is accepted; what asks for it is cancelled (immediate-or-cancel orders at once); nothing is traded: what a
strategy would have been filled with, no recording can say.
"""

from typing import Final

from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.ouch_answers import accepted
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_server import Message, SequencedStream, SoupServerSession

NS_A_DAY: Final = 86_400_000_000_000


class PaperExchange:
    """Order entry of one venue: accepts logins and orders. `orders` counts those that were entered or replaced."""

    def __init__(self) -> None:
        self.orders = 0
        self._last = 0
        self._open: dict[int, ouch50.EnterOrder] = {}
        self._stream = SequencedStream("PAPER")
        self._session: SoupServerSession | None = None

    def connect(self, now: int) -> None:
        """A new connection."""
        if self._session is not None:
            self._session.connection_closed()
        self._session = SoupServerSession(self._login, now)

    def take(self, data: bytes, now: int) -> tuple[bytes, bool]:
        """Take what the trader sent, and let time pass; returns what it is answered, and whether that was all."""
        session = self._session
        if session is None:
            return b"", True
        for event in session.on_bytes(data, now):
            if isinstance(event, Message):
                self._message(event.payload, now % NS_A_DAY)
        session.tick(now)
        return session.take_output(), session.closing

    def _login(self, _request: LoginRequest) -> SequencedStream | LoginRejected:
        return self._stream

    def _message(self, payload: bytes, time: int) -> None:
        try:
            message = ouch50.decode_inbound(payload)
        except ProtocolError:
            return
        if isinstance(message, ouch50.EnterOrder):
            self._enter(message, time)
        elif isinstance(message, ouch50.ReplaceOrder):
            self._replace(message, time)
        elif isinstance(message, ouch50.CancelOrder):
            self._cancel(message, time)
        elif isinstance(message, ouch50.AccountQuery):
            self._say(ouch50.AccountQueryResponse(timestamp=time, next_user_ref_num=self._last + 1))

    def _enter(self, order: ouch50.EnterOrder, time: int) -> None:
        self.orders += 1
        self._last = max(self._last, order.user_ref_num)
        self._say(accepted(order, self.orders, time))
        if order.time_in_force == "3":
            self._cancelled(order.user_ref_num, order.quantity, "I", time)
        else:
            self._open[order.user_ref_num] = order

    def _replace(self, request: ouch50.ReplaceOrder, time: int) -> None:
        self._last = max(self._last, request.user_ref_num)
        order = self._open.pop(request.orig_user_ref_num, None)
        if order is None:
            rejected = ouch50.Rejected(
                timestamp=time, user_ref_num=request.user_ref_num, reason=0x001E, cl_ord_id=request.cl_ord_id
            )
            self._say(rejected)
            return
        self.orders += 1
        order = order.replace(user_ref_num=request.user_ref_num, quantity=request.quantity, price=request.price)
        self._open[request.user_ref_num] = order
        replaced = ouch50.OrderReplaced(
            timestamp=time,
            orig_user_ref_num=request.orig_user_ref_num,
            user_ref_num=request.user_ref_num,
            side=order.side,
            quantity=request.quantity,
            symbol=order.symbol,
            price=request.price,
            time_in_force=order.time_in_force,
            display=request.display,
            order_reference_number=self.orders,
            capacity=order.capacity,
            inter_market_sweep_eligibility=request.inter_market_sweep_eligibility,
            cross_type=order.cross_type,
            order_state="L",
            cl_ord_id=request.cl_ord_id,
        )
        self._say(replaced)

    def _cancel(self, request: ouch50.CancelOrder, time: int) -> None:
        order = self._open.get(request.user_ref_num)
        if order is None or request.quantity >= order.quantity:
            return
        left = order.quantity - request.quantity
        if request.quantity:
            self._open[request.user_ref_num] = order.replace(quantity=request.quantity)
        else:
            del self._open[request.user_ref_num]
        self._cancelled(request.user_ref_num, left, "U", time)

    def _cancelled(self, reference: int, shares: int, reason: str, time: int) -> None:
        self._say(ouch50.OrderCanceled(timestamp=time, user_ref_num=reference, quantity=shares, reason=reason))

    def _say(self, message: ouch50.OuchOutbound) -> None:
        self._stream.append(message.encode())
