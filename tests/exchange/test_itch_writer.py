"""The typed writers, byte for byte against the table-driven codec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.market_data import Publisher
from protocols import itch50

U16, U32, U48, U64 = (st.integers(0, (1 << bits) - 1) for bits in (16, 32, 48, 64))
HEADER = {"locate": U16, "time": U48, "ref": U64}
STOCK = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ.+-", min_size=1, max_size=8)
ADD = {**HEADER, "buy": st.booleans(), "shares": U32, "stock": STOCK, "price": U32}


class OneMessage(Publisher):
    """A writer whose last message can be looked at, between two others that must stay as they are."""

    def __init__(self) -> None:
        super().__init__("S", [])
        self.publish(b"before")

    def taken(self) -> bytes:
        self.publish(b"after")
        before, message, after = self.read(1, 3)
        assert (before, after) == (b"before", b"after")
        return message


def header(fields: dict[str, int]) -> dict[str, int]:
    return {
        "stock_locate": fields["locate"],
        "tracking_number": 0,
        "timestamp": fields["time"],
        "order_reference_number": fields["ref"],
    }


def side(buy: int) -> str:
    return "B" if buy else "S"


@given(st.fixed_dictionaries(ADD))
def test_add_order(f: dict[str, int]) -> None:
    writer, stock = OneMessage(), str(f["stock"])
    writer.add_order(f["locate"], f["time"], f["ref"], bool(f["buy"]), f["shares"], stock.encode().ljust(8), f["price"])
    expected = itch50.AddOrder(
        **header(f), buy_sell_indicator=side(f["buy"]), shares=f["shares"], stock=stock, price=f["price"]
    )
    assert writer.taken() == expected.encode()


@given(st.fixed_dictionaries(ADD), st.text("ABCDXYZ", min_size=1, max_size=4))
def test_add_attributed(f: dict[str, int], mpid: str) -> None:
    writer, stock = OneMessage(), str(f["stock"])
    arguments = f["locate"], f["time"], f["ref"], bool(f["buy"]), f["shares"], stock.encode().ljust(8), f["price"]
    writer.add_attributed(*arguments, mpid.encode().ljust(4))
    expected = itch50.AddOrderMpid(
        **header(f),
        buy_sell_indicator=side(f["buy"]),
        shares=f["shares"],
        stock=stock,
        price=f["price"],
        attribution=mpid,
    )
    assert writer.taken() == expected.encode()


@given(st.fixed_dictionaries(ADD), U64)
def test_trade(f: dict[str, int], match: int) -> None:
    writer, stock = OneMessage(), str(f["stock"])
    arguments = f["locate"], f["time"], f["ref"], bool(f["buy"]), f["shares"], stock.encode().ljust(8), f["price"]
    writer.trade(*arguments, match)
    expected = itch50.Trade(
        **header(f),
        buy_sell_indicator=side(f["buy"]),
        shares=f["shares"],
        stock=stock,
        price=f["price"],
        match_number=match,
    )
    assert writer.taken() == expected.encode()


@given(st.fixed_dictionaries(HEADER), U32, U64, st.booleans(), U32)
def test_executions(f: dict[str, int], shares: int, match: int, printable: bool, price: int) -> None:
    writer = OneMessage()
    writer.executed(f["locate"], f["time"], f["ref"], shares, match)
    expected: itch50.ItchMessage = itch50.OrderExecuted(**header(f), executed_shares=shares, match_number=match)
    assert writer.taken() == expected.encode()
    writer = OneMessage()
    writer.executed_with_price(f["locate"], f["time"], f["ref"], shares, match, printable, price)
    expected = itch50.OrderExecutedWithPrice(
        **header(f),
        executed_shares=shares,
        match_number=match,
        printable="Y" if printable else "N",
        execution_price=price,
    )
    assert writer.taken() == expected.encode()


@given(st.fixed_dictionaries(HEADER), U32)
def test_cancel_and_delete(f: dict[str, int], shares: int) -> None:
    writer = OneMessage()
    writer.cancelled(f["locate"], f["time"], f["ref"], shares)
    assert writer.taken() == itch50.OrderCancel(**header(f), cancelled_shares=shares).encode()
    writer = OneMessage()
    writer.deleted(f["locate"], f["time"], f["ref"])
    assert writer.taken() == itch50.OrderDelete(**header(f)).encode()


@given(st.fixed_dictionaries(HEADER), U64, U32, U32)
def test_replace(f: dict[str, int], new: int, shares: int, price: int) -> None:
    writer = OneMessage()
    writer.replaced(f["locate"], f["time"], f["ref"], new, shares, price)
    expected = itch50.OrderReplace(
        stock_locate=f["locate"],
        tracking_number=0,
        timestamp=f["time"],
        original_order_reference_number=f["ref"],
        new_order_reference_number=new,
        shares=shares,
        price=price,
    )
    assert writer.taken() == expected.encode()


@given(st.binary(min_size=1, max_size=50))
def test_a_message_encoded_elsewhere_goes_in_as_it_is(message: bytes) -> None:
    writer = OneMessage()
    writer.publish(message)
    assert writer.taken() == message


def test_text_that_is_not_padded_is_refused() -> None:
    with pytest.raises(ValueError, match="b'AAPL' has 4 bytes: pad it to 8"):
        OneMessage().add_order(1, 1, 1, True, 100, b"AAPL", 1)
