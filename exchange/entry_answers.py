"""The OUCH 5.0 messages that order entry sends now and then (§5.3); the frequent ones are in `ouch_writer`.

Which message says what:

| Type | When |
|---|---|
| `S` | start and end of the day |
| `A` `U` `C` `E` `J` | see `ouch_writer` |
| `D` | self-match prevention took shares off |
| `B` | an execution was broken |
| `P`, `I` | a cancel, or a cut, of an order for a cross in its late period; each once an order |
| `T` | an order that was accepted before, and waited outside the book, stands in it now: price, display, reference. No other order gets a new place without `U` or `R`: bands cancel, and midpoint orders are not on the feed |
| `M` | a modify was done |
| `R` | a reserve order shows shares anew, under a new reference; `P`, a displayed price that moves, does not occur |
| `X` `G` `K` `Q` | answers to mass cancel, disable, enable, account query |
"""  # noqa: E501 - rows of a table

from __future__ import annotations

from exchange.orders import Order
from exchange.ticket import Ticket
from protocols import ouch50
from protocols.ouch50 import Option, OuchMessage
from protocols.ouch50_options import LENGTH_SIZE, encode_appendage

INDEX_TAG = 28
_REF = 0xFFFF_FFFF


def ref_of(token: int) -> int:
    """The UserRefNum in an order's token."""
    return token & _REF


def index_of(token: int) -> tuple[Option, ...]:
    """The UserRefIdx in an order's token, which is answered only where it is not 0 (rev 1.05)."""
    index = token >> 32
    return (Option(INDEX_TAG, index),) if index else ()


def token_of(ref: int, index: int) -> int:
    """The number of an order within its account: UserRefIdx and UserRefNum."""
    return index << 32 | ref


def prevented(time: int, order: Order, decrement: int, shares: int, price: int, flag: str, strategy: int) -> bytes:
    """`D`: ``decrement`` shares are off because ``shares`` at ``price`` would have traded."""
    return ouch50.AiqCanceled(
        timestamp=time,
        user_ref_num=ref_of(order.token),
        decrement_shares=decrement,
        reason="Q",
        quantity_prevented_from_trading=shares,
        execution_price=price,
        liquidity_flag=flag,
        aiq_strategy=chr(strategy),
        appendage=index_of(order.token),
    ).encode()


def broken(time: int, token: int, match: int, reason: str, cl_ord_id: bytes) -> bytes:
    """`B`: an execution is void."""
    return ouch50.BrokenTrade(
        timestamp=time,
        user_ref_num=ref_of(token),
        match_number=match,
        reason=reason,
        cl_ord_id=cl_ord_id.decode("ascii").rstrip(" "),
        appendage=index_of(token),
    ).encode()


def modified(time: int, order: Order, ticket: Ticket) -> bytes:
    """`M` with the shares outstanding after it."""
    return ouch50.OrderModified(
        timestamp=time,
        user_ref_num=ref_of(order.token),
        side=chr(ticket.side),
        quantity=order.open_shares(),
        appendage=(*ticket.located, *index_of(order.token)),
    ).encode()


def restated(time: int, order: Order) -> bytes:
    """`R`: the new reference and how many shares it shows."""
    return ouch50.OrderRestated(
        timestamp=time,
        user_ref_num=ref_of(order.token),
        reason="R",
        appendage=(Option(1, order.shown_ref), Option(22, order.shares), *index_of(order.token)),
    ).encode()


def moved(time: int, order: Order, ticket: Ticket) -> bytes:
    """`T`: where the order stands now."""
    moved_off = order.price != order.limit and ticket.display == ord("Y")
    return ouch50.OrderPriorityUpdate(
        timestamp=time,
        user_ref_num=ref_of(order.token),
        price=order.price,
        display="Z" if moved_off else chr(ticket.display),
        order_reference_number=order.shown_ref,
        appendage=index_of(order.token),
    ).encode()


def cancel_pending(time: int, order: Order) -> bytes:
    """`P`: the order will be gone after its cross."""
    return ouch50.CancelPending(
        timestamp=time, user_ref_num=ref_of(order.token), appendage=index_of(order.token)
    ).encode()


def cancel_refused(time: int, order: Order) -> bytes:
    """`I`: the order stays as it is until its cross."""
    return ouch50.CancelReject(
        timestamp=time, user_ref_num=ref_of(order.token), appendage=index_of(order.token)
    ).encode()


def echo(options: tuple[Option, ...], answer: type[OuchMessage]) -> bytes:
    """The options of a request that its answer repeats, in their wire form; a UserRefIdx of 0 says nothing."""
    said = tuple(
        option for option in options if option.tag in answer.TAGS and (option.tag != INDEX_TAG or option.value)
    )
    return encode_appendage(said, answer.TAGS, answer.NAME)[LENGTH_SIZE:] if said else b""
