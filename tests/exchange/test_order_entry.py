"""Order entry against OUCH 5.0: requests as hand-written bytes, answers read field by field."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.market import Market
from exchange.order_entry import GarbageError, OrderEntry

NOW = 34_200_000_000_000
MARKET_ORDER = 0x7FFFFFFF


def enter(
    ref: int,
    side: str = "B",
    quantity: int = 100,
    symbol: str = "AAPL",
    price: int = 1_500_000,
    *,
    tif: str = "0",
    display: str = "Y",
    capacity: str = "P",
    iso: str = "N",
    cross: str = "N",
    cl_ord_id: bytes = b"ID            ",
    options: bytes = b"",
) -> bytes:
    flags = f"{tif}{display}{capacity}{iso}{cross}".encode()
    fixed = struct.pack(
        ">cIcI8sQ5s14s", b"O", ref, side.encode(), quantity, symbol.encode().ljust(8), price, flags, cl_ord_id
    )
    return fixed + struct.pack(">H", len(options)) + options


def replace(
    old: int, ref: int, quantity: int = 100, price: int = 1_500_000, flags: bytes = b"0YN", options: bytes = b""
) -> bytes:
    return struct.pack(">cIIIQ3s14sH", b"U", old, ref, quantity, price, flags, b"RE".ljust(14), len(options)) + options


def cancel(ref: int, quantity: int = 0) -> bytes:
    return struct.pack(">cII", b"X", ref, quantity)


def modify(ref: int, side: str, quantity: int) -> bytes:
    return struct.pack(">cIcI", b"M", ref, side.encode(), quantity)


def firm_request(kind: str, ref: int, firm: str = "", symbol: str = "") -> bytes:
    tail = symbol.encode().ljust(8) if kind == "C" else b""
    return struct.pack(">cI4s", kind.encode(), ref, firm.encode().ljust(4)) + tail + b"\0\0"


class Client:
    """One client without a wire: sends bytes, reads what is new in its stream."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.read = 0

    def send(self, data: bytes) -> list[bytes]:
        self.entry.on_message(data, NOW)
        return self.news()

    def news(self) -> list[bytes]:
        stream = self.entry.account.stream
        new = stream.read(self.read + 1)
        self.read += len(new)
        return new


@pytest.fixture
def client(open_entry: Callable[[str], OrderEntry]) -> Client:
    return Client(open_entry("HFT1"))


@pytest.fixture
def other(open_entry: Callable[[str], OrderEntry]) -> Client:
    return Client(open_entry("HFT2"))


def kinds(messages: list[bytes]) -> str:
    return "".join(chr(message[0]) for message in messages)


def number(message: bytes, offset: int, size: int) -> int:
    return int.from_bytes(message[offset : offset + size], "big")


def test_an_accepted_order_is_answered_field_by_field(client: Client) -> None:
    (answer,) = client.send(enter(7, "T", 225, "MSFT", 630_200, display="A", capacity="A"))
    assert answer == struct.pack(
        ">cQIcI8sQccQcccc14sH",
        b"A",
        NOW,
        7,
        b"T",
        225,
        b"MSFT    ",
        630_200,
        b"0",
        b"A",
        1 << 32,
        b"A",
        b"N",
        b"N",
        b"L",
        b"ID".ljust(14),
        0,
    )


def test_options_come_back_with_the_accept(client: Client) -> None:
    options = b"\x05\x02HFTX" + b"\x02\x0cN" + b"\x03\x18\x00\x07"
    (answer,) = client.send(enter(1, options=options))
    assert answer[62:] == struct.pack(">H", len(options)) + options


def test_a_trade_is_told_to_both_sides_with_the_same_match(client: Client, other: Client, market: Market) -> None:
    client.send(enter(1, "S", 100, price=1_500_000))
    assert kinds(other.send(enter(1, "B", 60, price=1_500_100))) == "AE"
    (maker,) = client.news()
    taker = other.entry.account.stream.read(2)[0]
    assert maker[:1] == b"E"
    assert (number(maker, 13, 4), number(maker, 17, 8), maker[25:26]) == (60, 1_500_000, b"A")
    assert (number(taker, 13, 4), number(taker, 17, 8), taker[25:26]) == (60, 1_500_000, b"R")
    assert maker[26:34] == taker[26:34]
    assert client.entry.account.counters.executed_shares == 60
    assert market.book("AAPL").view()["asks"] == [[1_500_000, 40, 1]]


def test_hidden_liquidity_has_its_own_flag(client: Client, other: Client) -> None:
    client.send(enter(1, "S", display="N"))
    other.send(enter(1, "B"))
    assert client.news()[0][25:26] == b"J"


def test_a_trade_with_oneself_is_told_once_per_order(client: Client) -> None:
    client.send(enter(1, "S"))
    answers = client.send(enter(2, "B"))
    assert kinds(answers) == "AEE"
    assert [number(answer, 9, 4) for answer in answers[1:]] == [1, 2]
    assert client.send(cancel(1)) + client.send(cancel(2)) == []


def test_immediate_or_cancel_leaves_nothing(client: Client, market: Market) -> None:
    accepted, cancelled = client.send(enter(1, tif="3"))
    assert accepted[:1] == b"A"
    assert cancelled == struct.pack(">cQIIc", b"C", NOW, 1, 100, b"I")
    assert market.engine.orders == {}


def test_post_only_is_cancelled_instead_of_taking(client: Client, other: Client) -> None:
    other.send(enter(1, "S"))
    answers = client.send(enter(1, "B", options=b"\x02\x0cP"))
    assert kinds(answers) == "AC"
    assert answers[1][17:18] == b"G"


def test_cancel_to_a_size_counts_executed_shares(client: Client, other: Client) -> None:
    client.send(enter(1, "S", 500))
    other.send(enter(1, "B", 100, tif="3"))
    client.news()
    (partial,) = client.send(cancel(1, 300))
    assert (number(partial, 13, 4), partial[17:18]) == (200, b"U")
    assert client.send(cancel(1, 300)) == []
    (rest,) = client.send(cancel(1, 0))
    assert number(rest, 13, 4) == 200
    assert client.send(cancel(1, 0)) == []
    assert client.send(cancel(99, 0)) == []


def test_replace_quantity_is_the_liability_of_the_chain(client: Client, other: Client) -> None:
    client.send(enter(1, "S", 500))
    other.send(enter(1, "B", 100, tif="3"))
    client.news()
    (answer,) = client.send(replace(1, 2, 400, 1_490_000))
    assert answer == struct.pack(
        ">cQIIcI8sQccQcccc14sH",
        b"U",
        NOW,
        1,
        2,
        b"S",
        300,
        b"AAPL    ",
        1_490_000,
        b"0",
        b"Y",
        number(answer, 40, 8),
        b"P",
        b"N",
        b"N",
        b"L",
        b"RE".ljust(14),
        0,
    )
    other.send(enter(2, "B", 50, price=1_490_000, tif="3"))
    client.news()
    (again,) = client.send(replace(2, 3, 400))
    assert number(again, 18, 4) == 250
    assert kinds(client.send(cancel(3, 200))) == "C"
    assert client.entry.account.counters.cancelled == 200


def test_replace_of_what_is_not_live_or_with_a_used_number_is_silent(client: Client) -> None:
    client.send(enter(5))
    assert client.send(replace(4, 6)) == []
    assert client.send(replace(5, 5)) == []
    assert kinds(client.send(replace(5, 6))) == "U"


@pytest.mark.parametrize(
    "bad",
    [
        replace(1, 2, quantity=0),
        replace(1, 2, quantity=1_000_000),
        replace(1, 2, price=0),
        replace(1, 2, price=MARKET_ORDER),
        replace(1, 2, flags=b"EYN"),
        replace(1, 2, flags=b"6YN"),
        replace(1, 2, flags=b"0?N"),
        replace(1, 2, options=b"\x05\x05\x00\x00\x00\x64"),
        replace(1, 2, options=b"\x02\x63A"),
    ],
)
def test_replace_with_bad_details_takes_the_old_order_off(client: Client, bad: bytes) -> None:
    client.send(enter(1))
    (answer,) = client.send(bad)
    assert answer == struct.pack(">cQIIc", b"C", NOW, 1, 100, b"U")
    assert kinds(client.send(enter(2))) == "A", "the number of the bad replace is not used up"


def test_replace_down_to_what_is_executed_takes_the_order_off(client: Client, other: Client) -> None:
    client.send(enter(1, "S", 500))
    other.send(enter(1, "B", 100))
    client.news()
    assert kinds(client.send(replace(1, 2, 100))) == "C"


def test_retransmissions_are_ignored(client: Client) -> None:
    assert kinds(client.send(enter(3))) == "A"
    assert client.send(enter(3)) == []
    assert client.send(enter(2)) == []
    assert client.send(enter(0)) == []
    assert client.entry.account.counters.received == 4


def test_a_rejected_number_is_used_up(client: Client) -> None:
    assert kinds(client.send(enter(3, quantity=0))) == "J"
    assert client.send(enter(3)) == []


def option(tag: int, value: bytes) -> bytes:
    return bytes((1 + len(value), tag)) + value


REJECTS = {
    "side": (enter(1, "X"), 0x0009),
    "no shares": (enter(1, quantity=0), 0x0013),
    "too many shares": (enter(1, quantity=1_000_000), 0x0013),
    "unknown symbol": (enter(1, symbol="NOPE"), 0x0017),
    "symbol that is no text": (enter(1, symbol="").replace(b" " * 8, b"\xff" * 8, 1), 0x0017),
    "price 0": (enter(1, price=0), 0x001D),
    "price above the limit": (enter(1, price=1_999_999_901), 0x001D),
    "market price": (enter(1, price=MARKET_ORDER), 0x001D),
    "market price by value": (enter(1, price=2_000_000_000), 0x001D),
    "huge price": (enter(1, price=2**64 - 1), 0x001D),
    "no such time in force": (enter(1, tif="9"), 0x000F),
    "good till time": (enter(1, tif="6", options=option(15, b"\0\0\0\x3c")), 0x000F),
    "after hours": (enter(1, tif="E"), 0x000F),
    "display": (enter(1, display="Q"), 0x0003),
    "capacity": (enter(1, capacity="X"), 0x000F),
    "sweep": (enter(1, iso="?"), 0x0008),
    "no such cross": (enter(1, cross="?"), 0x0014),
    "opening cross": (enter(1, cross="O"), 0x0014),
    "retail": (enter(1, cross="R"), 0x001A),
    "order id that is no text": (enter(1, cl_ord_id=b"\xff" * 14), 0x000F),
    "another firm": (enter(1, options=option(2, b"ABCD")), 0x000C),
    "minimum quantity": (enter(1, options=option(3, b"\0\0\0\x64")), 0x000D),
    "retail customer": (enter(1, options=option(4, b"R")), 0x001A),
    "reserve": (enter(1, options=option(5, b"\0\0\0\x64")), 0x0004),
    "peg": (enter(1, options=option(6, b"M")), 0x0011),
    "peg that is not one": (enter(1, options=option(6, b"?")), 0x0011),
    "peg offset": (enter(1, options=option(7, b"\xff\xff\xff\x9c")), 0x0011),
    "discretion": (enter(1, options=option(9, b"\0\0\0\0\0\0\0\x01")), 0x000F),
    "random reserve": (enter(1, options=option(13, b"\0\0\0\x01")), 0x0004),
    "route": (enter(1, options=option(14, b"SCAN")), 0x0016),
    "imbalance only": (enter(1, options=option(17, b"I")), 0x000F),
    "self-match prevention": (enter(1, options=option(29, b"D")), 0x0040),
    "no such strategy": (enter(1, options=option(29, b"?")), 0x0040),
    "self-match group": (enter(1, options=option(30, b"AB")), 0x0040),
    "unknown option": (enter(1, options=option(99, b"A")), 0x000A),
    "option of another message": (enter(1, options=option(27, b"B")), 0x000A),
    "cut option": (enter(1, options=b"\x05\x02AB"), 0x000A),
}


@pytest.mark.parametrize("name", REJECTS)
def test_rejects(client: Client, market: Market, name: str) -> None:
    request, code = REJECTS[name]
    (answer,) = client.send(request)
    cl_ord_id = b" " * 14 if name == "order id that is no text" else b"ID".ljust(14)
    assert answer == struct.pack(">cQIH14s", b"J", NOW, 1, code, cl_ord_id)
    assert market.engine.orders == {}
    assert client.entry.account.counters.rejected == 1


def test_a_reject_carries_the_channel_of_the_request(client: Client) -> None:
    (answer,) = client.send(enter(1, options=option(28, b"\x05")))
    assert answer[13:15] == b"\x00\x0f"
    assert answer[29:] == b"\x00\x03\x02\x1c\x05"


def test_orders_after_the_close_are_rejected_and_cancels_taken(client: Client, market: Market) -> None:
    client.send(enter(1))
    for code in "OSQM":
        market.system_event(code, NOW)
    client.news()
    assert client.send(enter(2))[0][13:15] == b"\x00\x02"
    refused = client.send(replace(1, 3))
    assert kinds(refused) == "J"
    assert refused[0][13:15] == b"\x00\x02"
    assert kinds(client.send(cancel(1))) == "C"


def test_modify_cuts_the_size_and_keeps_the_place(client: Client, other: Client) -> None:
    client.send(enter(1, "S", 300))
    other.send(enter(1, "S", 100))
    (answer,) = client.send(modify(1, "T", 200))
    assert answer == struct.pack(">cQIcI", b"M", NOW, 1, b"T", 200)
    (bigger,) = client.send(modify(1, "T", 900))
    assert number(bigger, 14, 4) == 200
    other.send(enter(2, "B", 50))
    assert kinds(client.news()) == "E"
    assert client.send(modify(1, "B", 100)) == []
    assert client.send(modify(9, "S", 100)) == []
    assert kinds(client.send(modify(1, "S", 50))) == "C"


def test_mass_cancel_by_symbol_and_for_all(client: Client) -> None:
    client.send(enter(1))
    client.send(enter(2, symbol="MSFT"))
    client.send(enter(3))
    answers = client.send(firm_request("C", 4, "HFTX", "AAPL"))
    assert kinds(answers) == "XCC"
    assert answers[0] == struct.pack(">cQI4s8sH", b"X", NOW, 4, b"HFTX", b"AAPL    ", 0)
    assert kinds(client.send(firm_request("C", 5))) == "XC"
    assert client.send(firm_request("C", 5)) == []
    assert client.send(firm_request("C", 6, "ABCD"))[0][13:15] == b"\x00\x0c"


def test_order_entry_can_be_disabled_and_enabled(client: Client) -> None:
    client.send(enter(1))
    assert client.send(firm_request("D", 2)) == [struct.pack(">cQI4sH", b"G", NOW, 2, b"    ", 0)]
    assert client.send(enter(3))[0][13:15] == b"\x00\x0c"
    assert client.send(replace(1, 4))[0][13:15] == b"\x00\x0c"
    assert kinds(client.send(firm_request("E", 5))) == "K"
    assert kinds(client.send(replace(1, 6))) == "U"
    assert kinds(client.send(firm_request("D", 7, "ABCD"))) == "J"


def test_account_query_gives_the_next_free_number(client: Client) -> None:
    client.send(enter(41))
    assert client.send(b"Q") == [struct.pack(">cQI", b"Q", NOW, 42)]
    assert client.send(b"Q\0\0") == [struct.pack(">cQI", b"Q", NOW, 42)]


def test_the_day_is_told(client: Client, market: Market) -> None:
    for code in "OSQMEC":
        market.system_event(code, NOW)
    assert client.news() == [struct.pack(">cQc", b"S", NOW, code) for code in (b"S", b"E")]


@pytest.mark.parametrize("garbage", [b"", b"Z", b"O", b"O" + bytes(40), b"X\0\0", b"\xff" * 47, cancel(1) + b"\0" * 9])
def test_garbage_is_told_apart(client: Client, garbage: bytes) -> None:
    with pytest.raises(GarbageError, match="not an OUCH"):
        client.send(garbage)


VALID = (enter(1), replace(1, 2), cancel(1, 50), modify(1, "S", 50), firm_request("C", 3), firm_request("D", 4), b"Q")
HOSTILE = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda data, place, byte, cut: (data[:place] + bytes([byte]) + data[place + 1 :])[:cut],
        st.sampled_from(VALID),
        st.integers(0, 60),
        st.integers(0, 255),
        st.integers(0, 80),
    ),
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(HOSTILE, max_size=20))
def test_hostile_bytes_are_answered_ignored_or_garbage(
    open_entry: Callable[[str], OrderEntry], market: Market, messages: list[bytes]
) -> None:
    client = Client(open_entry("FUZZ"))
    for message in messages:
        try:
            client.send(message)
        except GarbageError:
            pass
    client.news()
    for book in market.engine.books.values():
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid.price < ask.price
