"""What order entry refuses: rejects with their codes, replaces with bad details, bytes that are not OUCH 5.0."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.market import Market
from exchange.order_entry import GarbageError, OrderEntry
from tests.exchange.conftest import standing
from tests.exchange.ouch_wire import cancel, kinds, modify, option, query

if TYPE_CHECKING:
    from tests.exchange.conftest import Client

NOW = 34_200_000_000_000
MARKET_ORDER = 0x7FFFFFFF


REJECTS: dict[str, tuple[dict[str, Any], int]] = {
    "side": ({"side": "X"}, 0x0009),
    "no shares": ({"quantity": 0}, 0x0013),
    "too many shares": ({"quantity": 1_000_000}, 0x0013),
    "unknown symbol": ({"symbol": "NOPE"}, 0x0017),
    "symbol that is no text": ({"symbol": "\xff" * 8}, 0x0017),
    "price 0": ({"price": 0}, 0x001D),
    "price above the limit": ({"price": 1_999_999_901}, 0x001D),
    "market price": ({"price": MARKET_ORDER}, 0x001D),
    "market price by value": ({"price": 2_000_000_000}, 0x001D),
    "huge price": ({"price": 2**64 - 1}, 0x001D),
    "no such time in force": ({"tif": "9"}, 0x000F),
    "good till no time": ({"tif": "6"}, 0x000F),
    "time of a day order": ({"options": option(15, b"\0\0\0\x3c")}, 0x000F),
    "good till time for a whole day": ({"tif": "6", "options": option(15, b"\0\x01\x51\x80")}, 0x000F),
    "after hours, by day": ({"tif": "E"}, 0x0002),
    "display": ({"display": "Q"}, 0x0003),
    "capacity": ({"capacity": "X"}, 0x000F),
    "sweep": ({"iso": "?"}, 0x0008),
    "no such cross": ({"cross": "?"}, 0x0014),
    "opening cross where there is none": ({"cross": "O"}, 0x0014),
    "supplemental": ({"cross": "S"}, 0x0014),
    "extended life": ({"cross": "E"}, 0x0014),
    "after-hours close": ({"cross": "A"}, 0x0014),
    "retail": ({"cross": "R"}, 0x001A),
    "order id that is no text": ({"cl_ord_id": b"\xff" * 14}, 0x000F),
    "another firm": ({"options": option(2, b"ABCD")}, 0x000C),
    "minimum quantity, displayed": ({"options": option(3, b"\0\0\0\x64")}, 0x000D),
    "retail customer": ({"options": option(4, b"R")}, 0x001A),
    "minimum quantity of an odd lot": ({"display": "N", "options": option(3, b"\0\0\0\x63")}, 0x000D),
    "minimum quantity above all shares": ({"display": "N", "options": option(3, b"\0\0\0\xc8")}, 0x000D),
    "hidden reserve": ({"display": "N", "options": option(5, b"\0\0\0\x64")}, 0x0004),
    "midpoint, displayed": ({"options": option(6, b"M")}, 0x0003),
    "midpoint, post-only": ({"display": "N", "options": option(6, b"M") + option(12, b"P")}, 0x001B),
    "market peg": ({"display": "N", "options": option(6, b"P")}, 0x0011),
    "sweep, post-only": ({"iso": "Y", "options": option(12, b"P")}, 0x0008),
    "retail instruction": ({"options": option(17, b"Q")}, 0x001A),
    "peg that is not one": ({"options": option(6, b"?")}, 0x0011),
    "peg offset": ({"options": option(7, b"\xff\xff\xff\x9c")}, 0x0011),
    "discretion": ({"options": option(9, b"\0\0\0\0\0\0\0\x01")}, 0x000F),
    "random reserve": ({"options": option(13, b"\0\0\0\x01")}, 0x0004),
    "route": ({"options": option(14, b"SCAN")}, 0x0016),
    "imbalance only, continuous": ({"options": option(17, b"I")}, 0x0014),
    "extended life instruction": ({"options": option(17, b"B")}, 0x000F),
    "no such strategy": ({"options": option(29, b"?")}, 0x0040),
    "trade now": ({"options": option(16, b"Y")}, 0x000F),
    "located neither yes nor no": ({"options": option(25, b"?")}, 0x000F),
    "an option given twice": ({"options": option(12, b"N") + option(12, b"P")}, 0x000F),
    "unknown option": ({"options": option(99, b"A")}, 0x000A),
    "option of another message": ({"options": option(27, b"B")}, 0x000A),
    "cut option": ({"options": b"\x05\x02AB"}, 0x000A),
}


@pytest.mark.parametrize("name", REJECTS)
def test_rejects(client: Client, market: Market, name: str) -> None:
    fields, code = REJECTS[name]
    (answer,) = client.enter(1, **fields)
    cl_ord_id = b" " * 14 if name == "order id that is no text" else b"ID".ljust(14)
    assert answer == struct.pack(">cQIH14s", b"J", NOW, 1, code, cl_ord_id)
    assert standing(market) == []
    assert client.entry.account.counters.rejected == 1


def test_a_reject_carries_the_channel_of_the_request(client: Client) -> None:
    (answer,) = client.enter(1, quantity=0, options=option(28, b"\x05"))
    assert answer[13:15] == b"\x00\x13"
    assert answer[29:] == b"\x00\x03\x02\x1c\x05"


def test_orders_after_the_close_are_rejected_and_cancels_taken(client: Client, market: Market) -> None:
    client.enter(1)
    for code in "OSQM":
        market.system_event(code, NOW)
    client.news()
    assert client.enter(2)[0][13:15] == b"\x00\x02"
    refused = client.replace(1, 3)
    assert kinds(refused) == "J"
    assert refused[0][13:15] == b"\x00\x02"
    assert kinds(client.cancel(1)) == "C"


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": 0},
        {"quantity": 1_000_000},
        {"price": 0},
        {"price": MARKET_ORDER},
        {"flags": b"EYN"},
        {"flags": b"6YN"},
        {"flags": b"0?N"},
        {"options": option(14, b"SCAN")},
        {"flags": b"0NN", "options": option(5, b"\x00\x00\x00\x64")},
        {"options": b"\x02\x63A"},
        {"options": option(27, b"?")},
    ],
)
def test_replace_with_bad_details_takes_the_old_order_off(client: Client, bad: dict[str, Any]) -> None:
    client.enter(1)
    (answer,) = client.replace(1, 2, **bad)
    assert answer == struct.pack(">cQIIc", b"C", NOW, 1, 100, b"U")
    assert kinds(client.enter(2)) == "A", "the number of the bad replace is not used up"


@pytest.mark.parametrize("kind", "CDE")
@pytest.mark.parametrize(
    ("options", "code"),
    [(option(99, b"A"), 0x000A), (option(2, b"HFTX"), 0x000A), (b"\5", 0x000A)],
)
def test_options_of_firm_requests_are_never_ignored(client: Client, kind: str, options: bytes, code: int) -> None:
    client.enter(1)
    (answer,) = client.firm_request(kind, 2, options=options)
    assert answer[:29] == struct.pack(">cQIH14s", b"J", NOW, 2, code, b" " * 14)
    assert client.firm_request(kind, 2) == [], "its number is used up"
    assert kinds(client.enter(3)) == "A"
    assert kinds(client.cancel(1)) == "C"


def test_a_mass_cancel_of_no_side_is_rejected(client: Client) -> None:
    client.enter(1)
    (answer,) = client.firm_request("C", 2, options=option(27, b"?"))
    assert answer[13:15] == b"\0\x09"
    assert kinds(client.firm_request("C", 3, options=option(27, b"B") + option(27, b"S"))) == "J"


def test_options_of_cancel_and_modify_are_never_ignored(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.enter(1)
    twice = option(28, b"\0") * 2
    assert client.send(cancel(1, 0, twice)) == []
    assert client.send(modify(1, "B", 50, twice)) == []
    assert caplog.text.count("ignored for its options") == 2
    neutral = b"\0\3" + option(28, b"\0")
    assert kinds(client.send(struct.pack(">cIcI", b"M", 1, b"B", 50) + neutral)) == "M"
    assert kinds(client.send(struct.pack(">cII", b"X", 1, 0) + neutral)) == "C"


def test_a_query_with_contradicting_options_is_rejected(client: Client) -> None:
    (answer,) = client.send(query(option(28, b"\5") * 2))
    assert answer == struct.pack(">cQIH14s", b"J", NOW, 0, 0x000F, b" " * 14) + b"\0\3" + option(28, b"\5")


@pytest.mark.parametrize(
    "garbage", [b"", b"Z", b"O", b"O" + bytes(40), b"X\0\0", b"\xff" * 47, b"X\0\0\0\1" + bytes(13)]
)
def test_garbage_is_told_apart(client: Client, garbage: bytes) -> None:
    with pytest.raises(GarbageError, match="not an OUCH"):
        client.send(garbage)


DAMAGE = st.tuples(st.integers(0, 6), st.integers(0, 60), st.integers(0, 255), st.integers(0, 80))
"""Which valid request, the place and value of a byte to put in, where to cut."""


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.binary(max_size=80) | DAMAGE, max_size=20))
def test_hostile_bytes_are_answered_ignored_or_garbage(
    open_entry: Callable[[str], OrderEntry],
    market: Market,
    valid_requests: tuple[bytes, ...],
    messages: list[bytes | tuple[int, int, int, int]],
) -> None:
    entry = open_entry("FUZZ")
    for message in messages:
        if not isinstance(message, bytes):
            which, place, byte, cut = message
            data = valid_requests[which]
            message = (data[:place] + bytes([byte]) + data[place + 1 :])[:cut]
        try:
            entry.on_message(message, NOW)
        except GarbageError:
            pass
    for book in market.engine.books.values():
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid.price < ask.price
