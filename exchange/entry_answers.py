"""The OUCH 5.0 messages that answer a request or report an execution (§5.3)."""

from __future__ import annotations

from exchange.events import Accepted, Cancelled, Executed, Modified, Replaced
from exchange.orders import Order
from protocols import ouch50
from protocols.ouch50 import EnterOrder, Option, ReplaceOrder

# Rev 1.05: the index is answered only where it is not 0.
INDEX_TAG = 28


def accepted(event: Accepted, request: EnterOrder) -> ouch50.OrderAccepted:
    """`A`, in state live: whatever ends the order at once follows as a message of its own."""
    return ouch50.OrderAccepted(
        timestamp=event.time,
        user_ref_num=request.user_ref_num,
        side=request.side,
        quantity=event.shares,
        symbol=request.symbol,
        price=request.price,
        time_in_force=request.time_in_force,
        display=request.display,
        order_reference_number=event.order.ref,
        capacity=request.capacity,
        inter_market_sweep_eligibility=request.inter_market_sweep_eligibility,
        cross_type=request.cross_type,
        order_state="L",
        cl_ord_id=request.cl_ord_id,
        appendage=_echo(request.appendage, ouch50.OrderAccepted.TAGS),
    )


def replaced(event: Replaced, request: ReplaceOrder, side: str, capacity: str) -> ouch50.OrderReplaced:
    """`U` with the shares still exposed; side and capacity are those of the chain."""
    return ouch50.OrderReplaced(
        timestamp=event.time,
        orig_user_ref_num=request.orig_user_ref_num,
        user_ref_num=request.user_ref_num,
        side=side,
        quantity=event.shares,
        symbol=event.new.symbol,
        price=request.price,
        time_in_force=request.time_in_force,
        display=request.display,
        order_reference_number=event.new.ref,
        capacity=capacity,
        inter_market_sweep_eligibility=request.inter_market_sweep_eligibility,
        cross_type="N",
        order_state="L",
        cl_ord_id=request.cl_ord_id,
        appendage=_echo(request.appendage, ouch50.OrderReplaced.TAGS),
    )


def executed(event: Executed, order: Order) -> ouch50.OrderExecuted:
    """`E` for one side of a trade: added displayed `A`, added hidden `J`, removed `R`."""
    added = "A" if order.displayed else "J"
    return ouch50.OrderExecuted(
        timestamp=event.time,
        user_ref_num=order.token,
        quantity=event.shares,
        price=event.price,
        liquidity_flag=added if order is event.maker else "R",
        match_number=event.match,
    )


def cancelled(event: Cancelled) -> ouch50.OrderCanceled:
    """`C` with the shares taken off now."""
    return ouch50.OrderCanceled(
        timestamp=event.time, user_ref_num=event.order.token, quantity=event.shares, reason=event.reason
    )


def modified(event: Modified, side: str) -> ouch50.OrderModified:
    """`M` with the shares outstanding after it."""
    return ouch50.OrderModified(
        timestamp=event.time, user_ref_num=event.order.token, side=side, quantity=event.remaining
    )


def mass_cancel_taken(time: int, request: ouch50.MassCancel) -> ouch50.MassCancelResponse:
    """`X`, which repeats what the request asked for; the `C` of each order follow."""
    return ouch50.MassCancelResponse(
        timestamp=time,
        user_ref_num=request.user_ref_num,
        firm=request.firm,
        symbol=request.symbol,
        appendage=_echo(request.appendage, ouch50.MassCancelResponse.TAGS - {INDEX_TAG}),
    )


def rejected(time: int, ref: int, code: int, cl_ord_id: str, options: tuple[Option, ...]) -> ouch50.Rejected:
    """`J`; of the request's options only a UserRefIdx comes back."""
    index = tuple(option for option in options if option.tag == INDEX_TAG and option.value)
    return ouch50.Rejected(timestamp=time, user_ref_num=ref, reason=code, cl_ord_id=cl_ord_id, appendage=index)


def _echo(options: tuple[Option, ...], tags: frozenset[int]) -> tuple[Option, ...]:
    return tuple(option for option in options if option.tag in tags)
