"""Every OUCH 5.0 message over real TCP, with a client written by hand (`ouch_wire`): fields, boundaries, codes."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from exchange.clock import SECOND
from tests.exchange.entry_server import EntryServer, scenario
from tests.exchange.ouch_wire import (
    LAYOUTS,
    SEEN_IN,
    SEEN_OUT,
    cancel,
    enter,
    firm_request,
    modify,
    option,
    query,
    replace,
)

MARKET_ORDER = 0x7FFFFFFF
HIDDEN: dict[str, Any] = {"display": "N"}


def u32(value: int) -> bytes:
    return struct.pack(">I", value)


def u64(value: int) -> bytes:
    return struct.pack(">Q", value)


def having(*options: bytes, **fields: Any) -> dict[str, Any]:
    return {"options": b"".join(options), **fields}


# Field; a request just inside its bounds; one just outside; the reject code (OUCH 5.0 §5.4).
ENTER_BOUNDS: list[tuple[str, dict[str, Any], dict[str, Any], int]] = [
    ("least quantity", {"quantity": 1}, {"quantity": 0}, 0x0013),
    ("most quantity", {"quantity": 999_999}, {"quantity": 1_000_000}, 0x0013),
    ("quantity of all bits", {"quantity": 999_999}, {"quantity": 0xFFFFFFFF}, 0x0013),
    ("least price", {"price": 1}, {"price": 0}, 0x001D),
    ("most price", {"price": 1_999_999_900}, {"price": 1_999_999_901}, 0x001D),
    ("price of 64 bits", {"price": 1}, {"price": 2**32 + 1}, 0x001D),
    ("market price", {"price": 1_999_999_900}, {"price": MARKET_ORDER}, 0x001D),
    ("market price by value", {"price": 1_999_999_900}, {"price": 2_000_000_000}, 0x001D),
    ("symbol", {"symbol": "MSFT"}, {"symbol": "MSFTX"}, 0x0017),
    ("symbol's padding", {"symbol": "AAPL"}, {"symbol": " AAPL"}, 0x0017),
    ("symbol that is no text", {"symbol": "AAPL"}, {"symbol": "AAP\xcc"}, 0x0017),
    ("buy", {"side": "B"}, {"side": "b"}, 0x0009),
    ("sell", {"side": "S"}, {"side": " "}, 0x0009),
    ("sell short", {"side": "T"}, {"side": "U"}, 0x0009),
    ("sell short exempt", {"side": "E"}, {"side": "F"}, 0x0009),
    ("day", {"tif": "0"}, {"tif": "1"}, 0x000F),
    ("immediate or cancel", {"tif": "3"}, {"tif": "2"}, 0x000F),
    ("extended hours", {"tif": "5"}, {"tif": "4"}, 0x000F),
    ("shortest life", having(option(15, u32(1)), tif="6"), having(option(15, u32(0)), tif="6"), 0x000F),
    ("longest life", having(option(15, u32(86_399)), tif="6"), having(option(15, u32(86_400)), tif="6"), 0x000F),
    ("life of a day order", having(option(15, u32(0))), having(option(15, u32(1))), 0x000F),
    ("after hours, by day", {"tif": "5"}, {"tif": "E"}, 0x0002),
    ("visible", {"display": "Y"}, {"display": "Z"}, 0x0003),
    ("hidden", {"display": "N"}, {"display": "M"}, 0x0003),
    ("attributable", {"display": "A"}, {"display": "B"}, 0x0003),
    ("agency", {"capacity": "A"}, {"capacity": "B"}, 0x000F),
    ("principal", {"capacity": "P"}, {"capacity": "Q"}, 0x000F),
    ("riskless", {"capacity": "R"}, {"capacity": "S"}, 0x000F),
    ("other", {"capacity": "O"}, {"capacity": "0"}, 0x000F),
    ("no sweep", {"iso": "N"}, {"iso": " "}, 0x0008),
    ("sweep", {"iso": "Y"}, having(option(12, b"P"), iso="Y"), 0x0008),
    ("continuous", {"cross": "N"}, {"cross": "n"}, 0x0014),
    ("supplemental", {"cross": "N"}, {"cross": "S"}, 0x0014),
    ("extended life", {"cross": "N"}, {"cross": "E"}, 0x0014),
    ("after-hours close", {"cross": "N"}, {"cross": "A"}, 0x0014),
    ("retail cross", {"cross": "N"}, {"cross": "R"}, 0x001A),
    ("order id", {"cl_ord_id": b"~" * 14}, {"cl_ord_id": b"\x80" * 14}, 0x000F),
    ("2 firm", having(option(2, b"HFTX")), having(option(2, b"HFTY")), 0x000C),
    ("3 min quantity", having(option(3, u32(100)), **HIDDEN), having(option(3, u32(200)), **HIDDEN), 0x000D),
    ("3 round lots", having(option(3, u32(100)), **HIDDEN), having(option(3, u32(99)), **HIDDEN), 0x000D),
    ("3 displayed", having(option(3, u32(100)), tif="3"), having(option(3, u32(100))), 0x000D),
    ("4 customer", having(option(4, b"N")), having(option(4, b"R")), 0x001A),
    ("5 max floor", having(option(5, u32(999_999))), having(option(5, u32(1_000_000))), 0x0004),
    ("5 hidden", having(option(5, u32(100))), having(option(5, u32(100)), **HIDDEN), 0x0004),
    ("6 limit", having(option(6, b"L")), having(option(6, b"P")), 0x0011),
    ("6 midpoint", having(option(6, b"M"), **HIDDEN), having(option(6, b"m"), **HIDDEN), 0x0011),
    ("6 primary", having(option(6, b"M"), **HIDDEN), having(option(6, b"R"), **HIDDEN), 0x0011),
    ("6 market maker", having(option(6, b"M"), **HIDDEN), having(option(6, b"Q"), **HIDDEN), 0x0011),
    ("6 no code", having(option(6, b"M"), **HIDDEN), having(option(6, b"?"), **HIDDEN), 0x0011),
    ("6 displayed", having(option(6, b"M"), **HIDDEN), having(option(6, b"M")), 0x0003),
    (
        "6 post-only",
        having(option(6, b"M"), option(12, b"N"), **HIDDEN),
        having(option(6, b"M"), option(12, b"P"), **HIDDEN),
        0x001B,
    ),
    ("7 peg offset", having(option(7, u32(0))), having(option(7, u32(1))), 0x0011),
    ("7 below", having(option(7, u32(0))), having(option(7, b"\xff" * 4)), 0x0011),
    ("9 discretion", having(option(9, u64(0))), having(option(9, u64(1))), 0x000F),
    ("10 its type", having(option(10, b"L")), having(option(10, b"M")), 0x000F),
    ("11 its offset", having(option(11, u32(0))), having(option(11, u32(1))), 0x000F),
    ("12 post-only", having(option(12, b"P")), having(option(12, b"Y")), 0x000F),
    (
        "13 random",
        having(option(5, u32(100)), option(13, u32(100))),
        having(option(5, u32(100)), option(13, u32(101))),
        0x0004,
    ),
    ("13 alone", having(option(13, u32(0))), having(option(13, u32(1))), 0x0004),
    ("14 route", having(option(14, b"    ")), having(option(14, b"SCAN")), 0x0016),
    ("16 trade now", having(option(16, b"N")), having(option(16, b"Y")), 0x000F),
    ("17 none", having(option(17, b" ")), having(option(17, b"I")), 0x0014),
    ("17 retail 1", having(option(17, b" ")), having(option(17, b"O")), 0x001A),
    ("17 retail 2", having(option(17, b" ")), having(option(17, b"T")), 0x001A),
    ("17 RPI", having(option(17, b" ")), having(option(17, b"Q")), 0x001A),
    ("17 extended life", having(option(17, b" ")), having(option(17, b"B")), 0x000F),
    ("17 direct listing", having(option(17, b" ")), having(option(17, b"D")), 0x000F),
    ("24 group", having(option(24, b"\xff\xff")), having(option(24, b"\0\0\1")), 0x000A),
    ("25 located", having(option(25, b"Y")), having(option(25, b" ")), 0x000F),
    ("26 broker", having(option(26, b"BRKR")), having(option(26, b"\xff" * 4)), 0x000A),
    ("28 index", having(option(28, b"\xff")), having(option(28, b"\0\1")), 0x000A),
    ("29 strategy", having(option(29, b"5")), having(option(29, b"6")), 0x0040),
    ("29 off", having(option(29, b"N")), having(option(29, b"n")), 0x0040),
    ("30 group", having(option(30, b"AB")), having(option(30, b"ABC")), 0x000A),
    ("once", having(option(12, b"N")), having(option(12, b"N"), option(12, b"N")), 0x000F),
    ("known tag", having(option(30, b"**")), having(option(31, b"**")), 0x000A),
    ("tag of replace", having(option(26, b"BRKR")), having(option(27, b"B")), 0x000A),
    ("length of an option", having(b"\x02\x0cN"), having(b"\x03\x0cN"), 0x000A),
]
# Field, inside, outside; a replace with bad details takes the old order off.
REPLACE_BOUNDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("least quantity", {"quantity": 1}, {"quantity": 0}),
    ("most quantity", {"quantity": 999_999}, {"quantity": 1_000_000}),
    ("least price", {"price": 1}, {"price": 0}),
    ("most price", {"price": 1_999_999_900}, {"price": 1_999_999_901}),
    ("time in force", {"flags": b"5YN"}, {"flags": b"EYN"}),
    ("life", having(option(15, u32(86_399)), flags=b"6YN"), having(option(15, u32(86_400)), flags=b"6YN")),
    ("display", {"flags": b"0AN"}, {"flags": b"0ZN"}),
    ("sweep", {"flags": b"0YY"}, {"flags": b"0Y "}),
    ("side", having(option(27, b"B")), having(option(27, b"S"))),
    ("midpoint", having(option(6, b"M"), flags=b"0NN"), having(option(6, b"M"))),
    ("index", having(option(28, b"\0")), having(option(28, b"\0\0"))),
]


@pytest.mark.parametrize(
    ("inside", "outside", "code"), [row[1:] for row in ENTER_BOUNDS], ids=[row[0] for row in ENTER_BOUNDS]
)
def test_bounds_of_enter(inside: dict[str, Any], outside: dict[str, Any], code: int) -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        (accepted,) = await client.ask(enter(1, **inside), "A")
        assert (accepted["ref"], accepted["state"]) == (1, "L")
        if inside.get("tif") == "3":
            (ended,) = await client.take("C")
            assert ended["reason"] == "I"
        (refused,) = await client.ask(enter(2, **outside), "J")
        assert (refused["ref"], refused["code"]) == (2, code)
        # Its number is used up, and it has left nothing behind.
        client.write(enter(2))
        (following,) = await client.ask(query(), "Q")
        assert following["next"] == 3

    scenario(test)


@pytest.mark.parametrize(
    ("inside", "outside"), [row[1:] for row in REPLACE_BOUNDS], ids=[row[0] for row in REPLACE_BOUNDS]
)
def test_bounds_of_replace(inside: dict[str, Any], outside: dict[str, Any]) -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        await client.ask(enter(1), "A")
        (replaced,) = await client.ask(replace(1, 2, **inside), "U")
        assert (replaced["old"], replaced["ref"], replaced["state"]) == (1, 2, "L")
        (ended,) = await client.ask(replace(2, 3, **outside), "C")
        assert (ended["ref"], ended["reason"]) == (2, "U")
        (following,) = await client.ask(query(), "Q")
        assert following["next"] == 3, "a replace with bad details does not use its number up"

    scenario(test)


def test_numbers_of_the_other_requests() -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        for kind, answer in ("CX", "DG", "EK"):
            (following,) = await client.ask(query(), "Q")
            ref = following["next"]
            (done,) = await client.ask(firm_request(kind, ref, "HFTX"), answer)
            assert (done["ref"], done["firm"]) == (ref, "HFTX")
            (refused,) = await client.ask(firm_request(kind, ref + 1, "HFTY"), "J")
            assert (refused["ref"], refused["code"]) == (ref + 1, 0x000C)
            client.write(firm_request(kind, ref + 1))
            (refused,) = await client.ask(firm_request(kind, ref + 2, options=option(12, b"P")), "J")
            assert refused["code"] == 0x000A
        (refused,) = await client.ask(firm_request("C", 10, options=option(27, b"?")), "J")
        assert refused["code"] == 0x0009
        (last,) = await client.ask(enter(0xFFFFFFFF), "A")
        assert last["ref"] == 0xFFFFFFFF
        (following,) = await client.ask(query(), "Q")
        assert following["next"] == 0xFFFFFFFF

    scenario(test)


def test_an_order_field_by_field_until_it_is_done() -> None:
    async def test(server: EntryServer) -> None:
        server.at(11)
        maker, taker = await server.log_in(sequence=2), await server.log_in("HFT2", sequence=2)
        (accepted,) = await maker.ask(enter(1, "T", 300, display="A", capacity="A", iso="Y", tif="5"), "A")
        reference = accepted.pop("reference")
        assert accepted == {
            "kind": "A",
            "time": 11 * 3600 * SECOND,
            "ref": 1,
            "side": "T",
            "shares": 300,
            "symbol": "AAPL",
            "price": 1_500_000,
            "tif": "5",
            "display": "A",
            "capacity": "A",
            "iso": "Y",
            "cross": "N",
            "state": "L",
            "id": "ID",
            "options": {},
        }
        (modified,) = await maker.ask(modify(1, "S", 280, option(25, b"Y") + option(26, b"BRKR")), "M")
        assert (modified["side"], modified["shares"]) == ("S", 280)
        assert modified["options"] == {25: b"Y", 26: b"BRKR"}
        (cut,) = await maker.ask(cancel(1, 250, b""), "C")
        assert (cut["shares"], cut["reason"]) == (30, "U")
        accepted, taken = await taker.ask(enter(1, "B", 50), "AE")
        assert accepted["reference"] > reference
        (given,) = await maker.take("E")
        assert (taken["flag"], given["flag"]) == ("R", "A")
        assert (given["shares"], given["price"], given["match"]) == (50, 1_500_000, taken["match"])
        (replaced,) = await maker.ask(replace(1, 2, 250, 1_600_000), "U")
        assert (replaced["shares"], replaced["price"], replaced["side"]) == (200, 1_600_000, "S")
        server.command(do="break", match=taken["match"], reason="C")
        for client in (maker, taker):
            (broken,) = await client.take("B")
            assert (broken["ref"], broken["match"], broken["reason"], broken["id"]) == (1, taken["match"], "C", "ID")
        answers = await maker.ask(firm_request("C", 3, symbol="AAPL"), "XC")
        assert (answers[0]["symbol"], answers[1]["ref"], answers[1]["shares"]) == ("AAPL", 2, 200)

    scenario(test)


def test_a_reserve_order_shows_its_shares_piece_by_piece() -> None:
    async def test(server: EntryServer) -> None:
        maker, taker = await server.log_in(sequence=2), await server.log_in("HFT2", sequence=2)
        (accepted,) = await maker.ask(enter(1, "S", 250, options=option(5, u32(100)) + option(28, b"\7")), "A")
        assert accepted["options"] == {5: u32(100), 28: b"\7"}
        await taker.ask(enter(1, "B", 130), "AEE")
        shown, hidden, restated = await maker.take("EER")
        assert [(part["shares"], part["flag"], part["options"]) for part in (shown, hidden)] == [
            (100, "A", {28: b"\7"}),
            (30, "u", {28: b"\7"}),
        ]
        assert restated["reason"] == "R"
        assert restated["options"][22] == u32(100)
        assert restated["options"][1] > u64(accepted["reference"])
        (ended,) = await maker.ask(cancel(1, 0, option(28, b"\7")), "C")
        assert (ended["shares"], ended["options"]) == (120, {28: b"\7"})

    scenario(test)


@pytest.mark.parametrize(
    ("strategy", "maker_told", "taker_told"),
    [
        ("D", [("D", 60)], [("D", 60)]),
        ("Y", [("C", 60)], [("C", 60)]),
        ("O", [("D", 100)], []),
        ("W", [], [("D", 60)]),
    ],
)
def test_self_match_prevention(
    strategy: str, maker_told: list[tuple[str, int]], taker_told: list[tuple[str, int]]
) -> None:
    async def test(server: EntryServer) -> None:
        maker, taker = await server.log_in(sequence=2), await server.log_in("HFT3", sequence=2)
        options = option(29, strategy.encode()) + option(30, b"G1")
        (accepted,) = await maker.ask(enter(1, "S", 100, options=options), "A")
        assert accepted["options"] == {29: strategy.encode(), 30: b"G1"}
        answers = await taker.ask(enter(1, "B", 60, options=options), "A" + "".join(kind for kind, _ in taker_told))
        told = await maker.take("".join(kind for kind, _ in maker_told))
        for answer in [*answers[1:], *told]:
            assert answer["reason"] == "Q"
            if answer["kind"] == "D":
                assert (answer["prevented"], answer["price"], answer["strategy"]) == (60, 1_500_000, strategy)
                assert answer["flag"] == ("A" if answer in told else "R")
        assert [(answer["kind"], answer["shares"]) for answer in told] == maker_told
        assert [(answer["kind"], answer["shares"]) for answer in answers[1:]] == taker_told

    scenario(test)


def test_a_prevented_trade_has_the_flag_that_it_would_have_had() -> None:
    async def test(server: EntryServer) -> None:
        maker, taker = await server.log_in(sequence=2), await server.log_in("HFT3", sequence=2)
        decrement = option(29, b"D")
        await maker.ask(enter(1, "B", 300, options=option(5, u32(100)) + decrement), "A")
        answers = await taker.ask(enter(1, "S", 200, options=decrement), "ADD")
        assert [(answer["prevented"], answer["flag"]) for answer in answers[1:]] == [(100, "R"), (100, "R")]
        told = await maker.take("DDR")
        assert [answer["flag"] for answer in told[:2]] == ["A", "u"], "the display, then the hidden reserve"
        await maker.ask(cancel(1), "C")
        await maker.ask(enter(2, "B", 100, price=1_490_000), "A")
        await maker.ask(enter(3, "S", 100, price=1_510_000), "A")
        midpoint = option(6, b"M") + decrement
        await maker.ask(enter(4, "S", 100, price=1_400_000, display="N", options=midpoint), "A")
        _, prevented = await taker.ask(enter(2, "B", 100, price=1_505_000, tif="3", options=decrement), "AD")
        (told_too,) = await maker.take("D")
        assert (told_too["flag"], prevented["flag"]) == ("k", "m")

    scenario(test)


def test_hidden_and_midpoint_liquidity() -> None:
    async def test(server: EntryServer) -> None:
        maker, taker = await server.log_in(sequence=2), await server.log_in("HFT2", sequence=2)
        await maker.ask(enter(1, "B", 100, price=1_490_000), "A")
        await maker.ask(enter(2, "S", 100, price=1_510_000), "A")
        (pegged,) = await maker.ask(enter(3, "S", 100, price=1_400_000, display="N", options=option(6, b"M")), "A")
        assert pegged["price"] == 1_400_000
        _, taken = await taker.ask(enter(1, "B", 100, price=1_510_000, tif="3"), "AE")
        (given,) = await maker.take("E")
        assert (given["price"], given["flag"], taken["flag"]) == (1_500_000, "k", "m")
        await maker.ask(enter(4, "S", 100, display="N"), "A")
        _, taken = await taker.ask(enter(2, "B", 100, tif="3"), "AE")
        (given,) = await maker.take("E")
        assert (given["flag"], taken["flag"]) == ("J", "R")

    scenario(test)


def test_every_index_has_numbers_of_its_own() -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        five = option(28, b"\5")
        (accepted,) = await client.ask(enter(7, options=five), "A")
        assert accepted["options"] == {28: b"\5"}
        await client.ask(enter(3), "A")
        (following,) = await client.ask(query(five), "Q")
        assert (following["next"], following["options"]) == (8, {28: b"\5"})
        (following,) = await client.ask(query(), "Q")
        assert (following["next"], following["options"]) == (4, {})
        (modified,) = await client.ask(modify(7, "B", 90, five), "M")
        assert (modified["ref"], modified["options"]) == (7, {28: b"\5"})
        client.write(cancel(7))
        (replaced,) = await client.ask(replace(7, 8, 90, options=five), "U")
        assert (replaced["old"], replaced["ref"], replaced["options"]) == (7, 8, {28: b"\5"})
        for kind, answer, ref in (("D", "G", 9), ("E", "K", 10)):
            (done,) = await client.ask(firm_request(kind, ref, options=five), answer)
            assert done["options"] == {28: b"\5"}
        answers = await client.ask(firm_request("C", 11, options=five), "XCC")
        assert [answer["options"] for answer in answers] == [{28: b"\5"}, {}, {28: b"\5"}]

    scenario(test)


def test_a_good_till_time_order_ends_by_itself() -> None:
    async def test(server: EntryServer) -> None:
        server.at(10)
        client = await server.log_in(sequence=2)
        await client.ask(enter(1, tif="6", options=option(15, u32(90))), "A")
        await client.ask(enter(2, tif="6", options=option(15, u32(60))), "A")
        (replaced,) = await client.ask(replace(2, 3, flags=b"6YN", options=option(15, u32(30))), "U")
        assert (replaced["tif"], replaced["options"]) == ("6", {15: u32(30)})
        server.at(10, 1)
        (ended,) = await client.take("C")
        assert (ended["ref"], ended["reason"], ended["time"]) == (3, "T", (36_000 + 30) * SECOND)
        server.at(10, 2)
        (ended,) = await client.take("C")
        assert (ended["ref"], ended["reason"]) == (1, "T")

    scenario(test)


def test_a_whole_day() -> None:
    """Hours of each time in force, both crosses with their late periods, and the ends of the orders."""

    async def test(server: EntryServer) -> None:
        client, other = await server.log_in(), await server.log_in("HFT2")
        for each in (client, other):
            (begin,) = await each.take("S")
            assert begin["event"] == "S"
        (closed,) = await client.ask(enter(1), "J")
        assert closed["code"] == 0x0002
        server.at(4)
        (early,) = await client.ask(enter(2, "B", 100, price=1_400_000, tif="5"), "A")
        (waits,) = await client.ask(enter(3, "B", 100, price=1_450_000), "A")
        assert early["reference"] < waits["reference"]
        (refused,) = await client.ask(replace(2, 4), "J")
        assert refused["code"] == 0x0015, "an order of the extended hours cannot become a day order before the open"
        # The opening cross.
        (order,) = await client.ask(enter(5, "B", 300, price=MARKET_ORDER, cross="O"), "A")
        assert (order["price"], order["cross"]) == (MARKET_ORDER, "O")
        await client.ask(enter(6, "B", 100, cross="O"), "A")
        (replaced,) = await client.ask(replace(6, 7, 200, 1_490_000), "U")
        assert (replaced["cross"], replaced["shares"]) == ("O", 200)
        await other.ask(enter(1, "S", 200, price=1_500_000, cross="O", options=option(17, b"I")), "A")
        await other.ask(enter(2, "S", 200, cross="O"), "A")
        (ended,) = await client.ask(cancel(7, 150), "C")
        assert ended["shares"] == 50
        server.at(9, 28)
        (pending,) = await client.ask(cancel(7), "P")
        assert pending["ref"] == 7
        client.write(cancel(7))
        (refused,) = await client.ask(cancel(5, 100), "I")
        assert refused["ref"] == 5
        client.write(cancel(5, 50))
        (refused,) = await client.ask(replace(7, 8), "J")
        assert refused["code"] == 0x000B
        (refused,) = await client.ask(replace(5, 9), "J")
        assert (refused["ref"], refused["code"]) == (9, 0x0015)
        (late,) = await client.ask(enter(10, "B", 100, cross="O"), "J")
        assert late["code"] == 0x0014
        server.at(9, 30)
        answers = await client.take("ECT")
        assert (answers[0]["ref"], answers[0]["shares"], answers[0]["flag"]) == (5, 300, "O")
        assert (answers[1]["ref"], answers[1]["shares"], answers[1]["reason"]) == (7, 150, "T")
        assert (answers[2]["ref"], answers[2]["price"], answers[2]["display"]) == (3, 1_450_000, "Y")
        assert answers[2]["reference"] == waits["reference"]
        flags = sorted((answer["flag"], answer["shares"]) for answer in (await other.take("EEC"))[:2])
        assert flags == [("M", 100), ("O", 200)]
        # The closing cross.
        await client.ask(enter(11, "B", 100, price=MARKET_ORDER, cross="C"), "A")
        await other.ask(enter(3, "S", 100, price=MARKET_ORDER, cross="C"), "A")
        (refused,) = await client.ask(enter(12, tif="E"), "J")
        assert refused["code"] == 0x0002
        server.at(16)
        answers = await client.take("EC")
        assert answers[0]["flag"] == "C"
        assert (answers[1]["ref"], answers[1]["reason"]) == (3, "E"), "day orders end with market hours"
        await other.take("E")
        (refused,) = await client.ask(enter(13), "J")
        assert refused["code"] == 0x0002
        await client.ask(enter(14, price=1_300_000, tif="E"), "A")
        server.at(20, 5)
        answers = await client.take("CCS")
        assert sorted(answer["ref"] for answer in answers[:2]) == [2, 14]
        assert {answer["reason"] for answer in answers[:2]} == {"T"}
        assert answers[2]["event"] == "E"

    scenario(test, day=True)


def test_a_waiting_day_order_waits_on_only_as_a_day_order() -> None:
    async def test(server: EntryServer) -> None:
        client, other = await server.log_in(sequence=2), await server.log_in("HFT2", sequence=2)
        server.at(5)
        await client.take("")
        await other.ask(enter(1, "S", 100, price=1_000_000, tif="5"), "A")
        for ref in (1, 2, 3):
            await client.ask(enter(ref, "B", 100, price=990_000), "A")
        _, taken = await client.ask(replace(1, 4, 100, 1_000_000, b"3YN"), "UE")
        assert (taken["ref"], taken["shares"], taken["flag"]) == (4, 100, "R")
        await other.take("E")
        _, ended = await client.ask(replace(2, 5, 100, 1_000_000, b"3YN"), "UC")
        assert (ended["ref"], ended["reason"]) == (5, "I"), "nobody is left to trade with"
        (waits,) = await client.ask(replace(3, 6, 100, 980_000), "U")
        (stands,) = await client.ask(replace(6, 7, 100, 980_000, b"5YN"), "U")
        assert stands["reference"] > waits["reference"]
        await other.ask(enter(2, "S", 100, price=980_000, tif="3"), "AE")
        (given,) = await client.take("E")
        assert (given["ref"], given["price"]) == (7, 980_000)
        # In a symbol that is halted at the open a day order waits on, and so does what takes its place.
        await client.ask(enter(8, "B", 100, price=970_000), "A")
        server.command(do="halt", symbol="AAPL", reason="T1")
        server.at(9, 31)
        await client.ask(replace(8, 9, 100, 960_000), "U")
        (refused,) = await client.ask(replace(9, 10, 100, 960_000, b"3YN"), "J")
        assert refused["code"] == 0x0007
        server.command(do="quote", symbol="AAPL")
        server.command(do="resume", symbol="AAPL")
        (enters,) = await client.take("T")
        assert (enters["ref"], enters["price"]) == (9, 960_000)

    scenario(test, day=True)


def test_a_replace_that_does_not_decode_is_refused_like_any_other_in_a_late_period() -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        server.at(10)
        await client.ask(enter(1, "B", 100, price=MARKET_ORDER, cross="C"), "A")
        server.at(15, 52)
        for ref in (2, 3):
            (refused,) = await client.ask(replace(1, ref, flags=b"EYN" if ref == 2 else b"0YN"), "J")
            assert (refused["ref"], refused["code"], refused["id"]) == (ref, 0x0015, "RE")
        assert (await client.ask(query(), "Q"))[0]["next"] == 4
        await client.ask(cancel(1), "P")
        (refused,) = await client.ask(replace(1, 4, flags=b"EYN"), "J")
        assert refused["code"] == 0x000B

    scenario(test, day=True)


def test_a_halt_cross() -> None:
    async def test(server: EntryServer) -> None:
        client, other = await server.log_in(sequence=2), await server.log_in("HFT2", sequence=2)
        (refused,) = await client.ask(enter(1, cross="H"), "J")
        assert refused["code"] == 0x0014, "there is no halt"
        server.command(do="halt", symbol="AAPL", reason="T1")
        (refused,) = await client.ask(enter(2), "J")
        assert refused["code"] == 0x0007
        server.command(do="quote", symbol="AAPL")
        await client.ask(enter(3, "B", cross="H"), "A")
        await other.ask(enter(1, "S"), "A")
        server.command(do="resume", symbol="AAPL")
        (mine,) = await client.take("E")
        (theirs,) = await other.take("E")
        assert (mine["flag"], theirs["flag"], mine["match"]) == ("H", "H", theirs["match"])

    scenario(test)


def test_all_messages_of_the_protocol_were_seen() -> None:
    assert set("OUXMCDEQ") <= SEEN_IN
    assert set("SAUCDEBJPITMRXGKQ") == SEEN_OUT == {kind.decode() for kind in LAYOUTS}
