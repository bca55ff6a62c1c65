"""Two records of one conversation: equal ones reconcile, every planted difference is found by name."""

from dataclasses import replace
from typing import Any

import pytest

from protocols import ouch50
from qemu.ledger import Entry, Way
from qemu.reconcile import (
    Claims,
    Difference,
    journal_entries,
    log_entries,
    reconcile,
    reconcile_books,
    reconcile_claims,
)

OUT, IN = Way.TO_EXCHANGE, Way.FROM_EXCHANGE
FIELDS: dict[str, Any] = {
    "side": "B",
    "quantity": 100,
    "symbol": "AAPL",
    "price": 1_000_000,
    "time_in_force": "0",
    "display": "Y",
    "capacity": "P",
    "inter_market_sweep_eligibility": "N",
    "cross_type": "N",
    "cl_ord_id": "C1",
}
ENTER = ouch50.EnterOrder(user_ref_num=1, **FIELDS)
ACCEPTED = ouch50.OrderAccepted(timestamp=1, user_ref_num=1, order_reference_number=7, order_state="L", **FIELDS)
EXECUTED = ouch50.OrderExecuted(
    timestamp=2, user_ref_num=1, quantity=40, price=1_000_000, liquidity_flag="A", match_number=9
)
CANCEL = ouch50.CancelOrder(user_ref_num=1, quantity=0)
CANCELED = ouch50.OrderCanceled(timestamp=3, user_ref_num=1, quantity=60, reason="U")


def entry(way: Way, message: ouch50.OuchMessage) -> Entry:
    return Entry(way, message.encode().hex())


RECORD = [
    entry(OUT, ENTER),
    entry(IN, ACCEPTED),
    entry(IN, EXECUTED),
    entry(OUT, CANCEL),
    entry(IN, CANCELED),
]


def names(differences: list[Difference]) -> set[str]:
    return {difference.name for difference in differences}


def without(index: int) -> list[Entry]:
    return RECORD[:index] + RECORD[index + 1 :]


def test_equal_records_reconcile_whatever_the_case_of_their_digits() -> None:
    assert reconcile(RECORD, RECORD) == []
    assert reconcile(RECORD, [replace(item, hex=item.hex.upper()) for item in RECORD]) == []
    assert reconcile([], []) == []


@pytest.mark.parametrize(
    ("index", "missing_there", "missing_here"),
    [
        (0, "not received", "not sent"),
        (1, "answer not sent", "answer not received"),
        (2, "execution", "execution"),
        (3, "not received", "not sent"),
        (4, "cancelled", "cancelled"),
    ],
)
def test_a_missing_message_is_found_on_either_side(index: int, missing_there: str, missing_here: str) -> None:
    assert missing_there in names(reconcile(RECORD, without(index)))
    assert missing_here in names(reconcile(without(index), RECORD))


@pytest.mark.parametrize(
    ("index", "changed", "name"),
    [
        (2, {"quantity": 41}, "execution"),
        (2, {"price": 1_000_001}, "execution"),
        (2, {"match_number": 10}, "execution"),
        (1, {"price": 999_999}, "price"),
        (1, {"symbol": "MSFT"}, "symbol"),
        (1, {"side": "S"}, "side"),
        (4, {"quantity": 59}, "cancelled"),
        (4, {"quantity": 59}, "left"),
        (4, {"quantity": 59}, "state"),
    ],
)
def test_a_changed_figure_is_found(index: int, changed: dict[str, Any], name: str) -> None:
    way, message = RECORD[index].way, (ENTER, ACCEPTED, EXECUTED, CANCEL, CANCELED)[index]
    values = {item.name: getattr(message, item.name) for item in type(message).FIELDS} | changed
    other = [*RECORD[:index], entry(way, type(message)(**values)), *RECORD[index + 1 :]]
    differences = reconcile(RECORD, other)
    assert name in names(differences)
    assert all(difference.subject == "order 1" for difference in differences)


def test_an_order_only_one_side_knows_is_named() -> None:
    assert "order: order 1: only the trader knows it" in [str(item) for item in reconcile(RECORD, [])]


def test_a_message_that_comes_twice_is_found() -> None:
    differences = reconcile(RECORD, [*RECORD, RECORD[2]])
    assert {"execution repeated", "answer not received"} <= names(differences)


def test_messages_of_an_order_in_another_order_are_found() -> None:
    later = entry(
        IN,
        ouch50.OrderExecuted(
            timestamp=4, user_ref_num=1, quantity=20, price=1_000_000, liquidity_flag="A", match_number=10
        ),
    )
    differences = reconcile([*RECORD[:3], later], [*RECORD[:2], later, RECORD[2]])
    assert names(differences) == {"message order"}


def test_messages_of_different_orders_in_another_order_are_found() -> None:
    other = entry(OUT, ouch50.EnterOrder(user_ref_num=2, **FIELDS))
    (difference,) = reconcile([*RECORD, other], [other, *RECORD])
    assert (difference.name, difference.subject) == ("message order", "to the exchange")
    assert "message 1 that both have" in difference.detail


def test_the_two_directions_may_interleave_differently() -> None:
    assert reconcile(RECORD, [RECORD[0], RECORD[3], RECORD[1], RECORD[2], RECORD[4]]) == []


def test_a_missing_message_is_not_a_wrong_order_too() -> None:
    assert "message order" not in names(reconcile(RECORD, without(0)))


def test_undecodable_bytes_are_a_difference_even_when_both_have_them() -> None:
    broken = [*RECORD, Entry(IN, "00")]
    assert names(reconcile(broken, broken)) == {"undecodable"}


CLAIMS = Claims(sent=2, accepted=1, rejected=0, executed_shares=40, cancelled=60, position={"AAPL": 40})


def test_true_claims_reconcile() -> None:
    assert reconcile_claims(CLAIMS, RECORD) == []
    assert reconcile_claims(replace(CLAIMS, position={"AAPL": 40, "MSFT": 0}), RECORD) == []


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ({"sent": 3}, "messages sent"),
        ({"accepted": 0}, "orders accepted"),
        ({"rejected": 1}, "orders rejected"),
        ({"executed_shares": 41}, "shares executed"),
        ({"cancelled": 0}, "shares cancelled"),
        ({"position": {}}, "AAPL"),
        ({"position": {"AAPL": 40, "MSFT": -1}}, "MSFT"),
    ],
)
def test_a_false_claim_is_found(change: dict[str, Any], subject: str) -> None:
    assert [item.subject for item in reconcile_claims(replace(CLAIMS, **change), RECORD)] == [subject]


BOOK = {"bids": [[1_000_000, 300, 2], [999_900, 100, 1]], "asks": [[1_000_100, 50, 1]]}


def test_equal_books_and_empty_ones_reconcile() -> None:
    assert reconcile_books({"AAPL": BOOK}, {"AAPL": BOOK, "MSFT": {"bids": [], "asks": []}}) == []


@pytest.mark.parametrize(
    ("book", "level"),
    [
        ({"bids": [[1_000_000, 301, 2], [999_900, 100, 1]]}, "level 1"),
        ({"bids": [[1_000_000, 300, 3], [999_900, 100, 1]]}, "level 1"),
        ({"bids": [[1_000_000, 300, 2], [999_800, 100, 1]]}, "level 2"),
        ({"bids": [[1_000_000, 300, 2]]}, "level 2"),
        ({"asks": []}, "level 1"),
        ({"asks": [[1_000_100, 50, 1], [1_000_200, 1, 1]]}, "level 2"),
    ],
)
def test_a_level_that_differs_is_found(book: dict[str, Any], level: str) -> None:
    (difference,) = reconcile_books({"AAPL": {**BOOK, **book}}, {"AAPL": BOOK})
    assert difference.name == "book"
    assert difference.subject == f"AAPL {next(iter(book))}"
    assert level in difference.detail


def test_a_book_only_one_side_has_is_found() -> None:
    assert len(reconcile_books({}, {"AAPL": BOOK})) == 3
    assert len(reconcile_books({"AAPL": BOOK}, {})) == 3


def test_records_are_read_in_order_and_by_login() -> None:
    journal = [{"n": 2, "dir": "in", "hex": "b"}, {"n": 1, "dir": "out", "hex": "a"}]
    assert journal_entries(journal) == [Entry(OUT, "a"), Entry(IN, "b")]
    log = [
        {"login": "HFT1", "dir": "in", "hex": "a"},
        {"login": "HFT2", "dir": "in", "hex": "x"},
        {"login": "HFT1", "dir": "out", "hex": "b"},
    ]
    assert log_entries(log, "HFT1") == [Entry(OUT, "a"), Entry(IN, "b")]
