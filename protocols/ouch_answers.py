"""What an exchange answers to an order that it takes as it was entered (OUCH 5.0, Order Accepted)."""

from collections.abc import Sequence

from protocols import ouch50


def accepted(
    order: ouch50.EnterOrder, reference: int, timestamp: int, appendage: Sequence[ouch50.Option] = ()
) -> ouch50.OrderAccepted:
    """The order is live with every value that was asked for. `reference`: the exchange's own, `timestamp`: ns."""
    return ouch50.OrderAccepted(
        timestamp=timestamp,
        user_ref_num=order.user_ref_num,
        side=order.side,
        quantity=order.quantity,
        symbol=order.symbol,
        price=order.price,
        time_in_force=order.time_in_force,
        display=order.display,
        order_reference_number=reference,
        capacity=order.capacity,
        inter_market_sweep_eligibility=order.inter_market_sweep_eligibility,
        cross_type=order.cross_type,
        order_state="L",
        cl_ord_id=order.cl_ord_id,
        appendage=tuple(appendage),
    )
