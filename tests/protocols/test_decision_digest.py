"""The decision hash counts what was decided, and no clock."""

import hashlib
from typing import Any

import pytest

from protocols.decision_digest import TERMS, digest, terms
from protocols.management import Decision

FIELDS: dict[str, Any] = {
    "code": 0,
    "strategy": 1,
    "cause": "B",
    "venue": 0,
    "feed_venue": 0,
    "side": "B",
    "symbol": "AAPL",
    "reference": 7,
    "replaces": 6,
    "shares": 100,
    "price": 1_500_000,
    "sequence": 4242,
    "value": 0,
    "limit": 0,
    "burst": 99,
    "parsed": 1,
    "booked": 2,
    "decided": 3,
    "passed": 4,
    "rung": 5,
}
CHANGED: dict[str, Any] = {
    "code": 8,
    "strategy": 2,
    "cause": "C",
    "venue": 1,
    "feed_venue": 2,
    "side": "S",
    "symbol": "MSFT",
    "reference": 8,
    "replaces": 0,
    "shares": 99,
    "price": 1_500_100,
    "sequence": 4243,
}


def decision(**changes: Any) -> Decision:
    return Decision(**(FIELDS | changes))


def test_the_bytes_of_a_decision() -> None:
    expected = "00 0000000000001092 42 01 00 4141504c00000000 42 00000064 000000000016e360 00000007 00000006 0000"
    assert terms(decision()).hex() == expected.replace(" ", "")
    assert digest([decision()]) == hashlib.sha256(terms(decision())).hexdigest()
    assert digest([]) == hashlib.sha256().hexdigest()


@pytest.mark.parametrize("name", TERMS)
def test_every_term_counts(name: str) -> None:
    assert digest([decision(**{name: CHANGED[name]})]) != digest([decision()])


@pytest.mark.parametrize("name", ["burst", "parsed", "booked", "decided", "passed", "rung", "value", "limit"])
def test_clock_readings_and_what_a_refusal_found_do_not(name: str) -> None:
    assert digest([decision(**{name: 77})]) == digest([decision()])


def test_order_and_number_count() -> None:
    one, other = decision(), decision(shares=5)
    assert len({digest(each) for each in ([one, other], [other, one], [one], [one, one], [one, other, one])}) == 5
