"""Order entry against OUCH 5.0: requests as hand-written bytes, answers read field by field.

What is rejected and what is no request at all is in test_entry_checks.py.
"""

from __future__ import annotations

import struct

from exchange.account import Account
from exchange.login import Login
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry
from tests.exchange.conftest import Client, kinds, number, option, standing

NOW = 34_200_000_000_000


def test_an_accepted_order_is_answered_field_by_field(client: Client) -> None:
    (answer,) = client.enter(7, "T", 225, "MSFT", 630_200, display="A", capacity="A")
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
    (answer,) = client.enter(1, options=options)
    assert answer[62:] == struct.pack(">H", len(options)) + options


def test_a_trade_is_told_to_both_sides_with_the_same_match(client: Client, other: Client, market: Market) -> None:
    client.enter(1, "S", 100, price=1_500_000)
    assert kinds(other.enter(1, "B", 60, price=1_500_100)) == "AE"
    (maker,) = client.news()
    taker = other.entry.account.stream.read(2)[0]
    assert maker[:1] == b"E"
    assert (number(maker, 13, 4), number(maker, 17, 8), maker[25:26]) == (60, 1_500_000, b"A")
    assert (number(taker, 13, 4), number(taker, 17, 8), taker[25:26]) == (60, 1_500_000, b"R")
    assert maker[26:34] == taker[26:34]
    assert client.entry.account.counters.executed_shares == 60
    assert market.book("AAPL").view()["asks"] == [[1_500_000, 40, 1]]


def test_hidden_liquidity_has_its_own_flag(client: Client, other: Client) -> None:
    client.enter(1, "S", display="N")
    other.enter(1, "B")
    assert client.news()[0][25:26] == b"J"


def test_a_trade_with_oneself_is_told_once_per_order(client: Client) -> None:
    client.enter(1, "S")
    answers = client.enter(2, "B")
    assert kinds(answers) == "AEE"
    assert [number(answer, 9, 4) for answer in answers[1:]] == [1, 2]
    assert client.cancel(1) + client.cancel(2) == []


def test_immediate_or_cancel_leaves_nothing(client: Client, market: Market) -> None:
    accepted, cancelled = client.enter(1, tif="3")
    assert accepted[:1] == b"A"
    assert cancelled == struct.pack(">cQIIc", b"C", NOW, 1, 100, b"I")
    assert standing(market) == []


def test_post_only_is_cancelled_instead_of_taking(client: Client, other: Client) -> None:
    other.enter(1, "S")
    answers = client.enter(1, "B", options=b"\x02\x0cP")
    assert kinds(answers) == "AC"
    assert answers[1][17:18] == b"G"


def test_cancel_to_a_size_counts_executed_shares(client: Client, other: Client) -> None:
    client.enter(1, "S", 500)
    other.enter(1, "B", 100, tif="3")
    client.news()
    (partial,) = client.cancel(1, 300)
    assert (number(partial, 13, 4), partial[17:18]) == (200, b"U")
    assert client.cancel(1, 300) == []
    (rest,) = client.cancel(1, 0)
    assert number(rest, 13, 4) == 200
    assert client.cancel(1, 0) == []
    assert client.cancel(99, 0) == []


def test_replace_quantity_is_the_liability_of_the_chain(client: Client, other: Client) -> None:
    client.enter(1, "S", 500)
    other.enter(1, "B", 100, tif="3")
    client.news()
    (answer,) = client.replace(1, 2, 400, 1_490_000)
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
    other.enter(2, "B", 50, price=1_490_000, tif="3")
    client.news()
    (again,) = client.replace(2, 3, 400)
    assert number(again, 18, 4) == 250
    assert kinds(client.cancel(3, 200)) == "C"
    assert client.entry.account.counters.cancelled == 200


def test_replace_of_what_is_not_live_or_with_a_used_number_is_silent(client: Client) -> None:
    client.enter(5)
    assert client.replace(4, 6) == []
    assert client.replace(5, 5) == []
    assert kinds(client.replace(5, 6)) == "U"


def test_replace_down_to_what_is_executed_takes_the_order_off(client: Client, other: Client) -> None:
    client.enter(1, "S", 500)
    other.enter(1, "B", 100)
    client.news()
    assert kinds(client.replace(1, 2, 100)) == "C"


def test_retransmissions_are_ignored(client: Client) -> None:
    assert kinds(client.enter(3)) == "A"
    assert client.enter(3) == []
    assert client.enter(2) == []
    assert client.enter(0) == []
    assert client.entry.account.counters.received == 4


def test_a_rejected_number_is_used_up(client: Client) -> None:
    assert kinds(client.enter(3, quantity=0)) == "J"
    assert client.enter(3) == []


def test_modify_cuts_the_size_and_keeps_the_place(client: Client, other: Client) -> None:
    client.enter(1, "S", 300)
    other.enter(1, "S", 100)
    (answer,) = client.modify(1, "T", 200)
    assert answer == struct.pack(">cQIcI", b"M", NOW, 1, b"T", 200)
    (bigger,) = client.modify(1, "T", 900)
    assert number(bigger, 14, 4) == 200
    other.enter(2, "B", 50)
    assert kinds(client.news()) == "E"
    assert client.modify(1, "B", 100) == []
    assert client.modify(9, "S", 100) == []
    assert kinds(client.modify(1, "S", 50)) == "C"


def test_mass_cancel_by_symbol_and_for_all(client: Client) -> None:
    client.enter(1)
    client.enter(2, symbol="MSFT")
    client.enter(3)
    answers = client.firm_request("C", 4, "HFTX", "AAPL")
    assert kinds(answers) == "XCC"
    assert answers[0] == struct.pack(">cQI4s8sH", b"X", NOW, 4, b"HFTX", b"AAPL    ", 0)
    assert kinds(client.firm_request("C", 5)) == "XC"
    assert client.firm_request("C", 5) == []
    assert client.firm_request("C", 6, "ABCD")[0][13:15] == b"\x00\x0c"


def test_mass_cancel_by_side_takes_exactly_that_side(client: Client, market: Market) -> None:
    client.enter(1, "B", price=1_000_000)
    client.enter(2, "S")
    client.enter(3, "T")
    answers = client.firm_request("C", 4, options=option(27, b"S"))
    assert answers[0] == struct.pack(">cQI4s8sH", b"X", NOW, 4, b"    ", b" " * 8, 3) + option(27, b"S")
    assert [(chr(answer[0]), number(answer, 9, 4)) for answer in answers[1:]] == [("C", 2)]
    assert standing(market) == [1, 3]


def test_mass_cancel_by_group_follows_replaces(client: Client, market: Market) -> None:
    client.enter(1, options=option(24, b"\0\x07"))
    client.enter(2, options=option(24, b"\0\x08"))
    client.enter(3)
    client.replace(1, 4)
    client.replace(2, 5, options=option(24, b"\0\x07"))
    answers = client.firm_request("C", 6, "", "AAPL", options=option(24, b"\0\x07"))
    assert answers[0][25:] == b"\0\4" + option(24, b"\0\x07")
    assert [number(answer, 9, 4) for answer in answers[1:]] == [4, 5]
    assert standing(market) == [3]
    assert kinds(client.firm_request("C", 7, options=option(24, b"\0\0"))) == "XC", "group 0 is no group"


def test_replace_may_change_among_the_sells(client: Client) -> None:
    client.enter(1, "S")
    (answer,) = client.replace(1, 2, options=option(27, b"T"))
    assert (answer[:1], answer[17:18]) == (b"U", b"T")
    (again,) = client.replace(2, 3)
    assert again[17:18] == b"T", "it stays"
    (answer,) = client.replace(3, 4, options=option(27, b"B"))
    assert answer == struct.pack(">cQIIc", b"C", NOW, 3, 100, b"U")


def test_order_entry_can_be_disabled_and_enabled(client: Client) -> None:
    client.enter(1)
    assert client.firm_request("D", 2) == [struct.pack(">cQI4sH", b"G", NOW, 2, b"    ", 0)]
    assert client.enter(3)[0][13:15] == b"\x00\x0c"
    assert client.replace(1, 4)[0][13:15] == b"\x00\x0c"
    assert kinds(client.firm_request("E", 5)) == "K"
    assert kinds(client.replace(1, 6)) == "U"
    assert kinds(client.firm_request("D", 7, "ABCD")) == "J"


def test_account_query_gives_the_next_free_number(client: Client) -> None:
    client.enter(41)
    assert client.send(b"Q") == [struct.pack(">cQI", b"Q", NOW, 42)]
    assert client.send(b"Q\0\0") == [struct.pack(">cQI", b"Q", NOW, 42)]


def test_account_query_after_the_last_number(client: Client) -> None:
    client.enter(0xFFFF_FFFF)
    assert client.send(b"Q") == [struct.pack(">cQI", b"Q", NOW, 0xFFFF_FFFF)]


def test_all_orders_of_a_login_can_be_cancelled_for_a_reason(client: Client, other: Client, market: Market) -> None:
    client.enter(1, "S", 300)
    client.enter(2, "B", 100, "MSFT")
    other.enter(1, "B", 100)
    other.enter(2, "B", 100, price=1_000_000)
    client.news()
    assert client.entry.cancel_all(NOW, "Z") == 2
    assert client.news() == [
        struct.pack(">cQIIc", b"C", NOW, 1, 200, b"Z"),
        struct.pack(">cQIIc", b"C", NOW, 2, 100, b"Z"),
    ]
    assert client.entry.cancel_all(NOW, "Z") == 0
    assert standing(market) == [2]


def test_the_day_is_told(client: Client, market: Market) -> None:
    for code in "OSQMEC":
        market.system_event(code, NOW)
    assert client.news() == [struct.pack(">cQc", b"S", NOW, code) for code in (b"S", b"E")]


def test_a_replace_that_keeps_its_place_is_told_the_reference_of_the_feed() -> None:
    market = Market(Publisher("S", []), keeps_priority=True)
    market.list_symbol("AAPL")
    client = Client(OrderEntry(Account(Login("U", "p", "HFTX"), "S", lambda *_: None), market))
    (accepted,) = client.enter(1, "B", 300)
    (replaced,) = client.replace(1, 2, 200)
    assert number(replaced, 40, 8) == number(accepted, 36, 8)
    (moved,) = client.replace(2, 3, 200, 1_490_000)
    assert number(moved, 40, 8) > number(replaced, 40, 8)


def test_day_and_extended_hours_end_apart(client: Client) -> None:
    client.enter(1)
    client.enter(2, tif="5")
    client.enter(3, tif="6", options=option(15, b"\0\0\0\x3c"))
    assert client.entry.next_deadline() == NOW + 60_000_000_000
    assert client.entry.close_day(NOW) == 1
    assert client.news() == [struct.pack(">cQIIc", b"C", NOW, 1, 100, b"E")]
    assert client.entry.close_extended(NOW) == 2
    assert [answer[9:13] + answer[17:18] for answer in client.news()] == [b"\0\0\0\2T", b"\0\0\0\3T"]
    assert client.entry.next_deadline() is None
