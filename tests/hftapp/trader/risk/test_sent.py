"""The log of the last second, against a plain list."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.trader.risk.packing import place_of, terms_of
from hftapp.trader.risk.sent import NOTHING, SentOrders
from hftapp.units import Price, Shares

SECOND = 1_000_000_000
BUY, SELL = 1, -1


def log(limit: int = 4, instruments: int = 8) -> SentOrders:
    return SentOrders(0, limit, array("i", [0]) * instruments)


def test_it_is_full_when_the_order_limit_places_back_is_younger_than_a_second() -> None:
    sent = log(limit=3)
    for now in (0, 1, 2):
        assert not sent.full(now)
        sent.add(place_of(1, 0), NOTHING, now)
    assert sent.full(SECOND - 1)
    assert not sent.full(SECOND)


def test_a_limit_of_one_is_one_a_second() -> None:
    sent = log(limit=1)
    sent.add(place_of(1, 0), NOTHING, 5)
    assert sent.full(5 + SECOND - 1)
    assert not sent.full(5 + SECOND)


def test_the_age_of_the_last_order_of_the_same_terms_is_told() -> None:
    sent = log(limit=8)
    terms = terms_of(BUY, Shares(100), Price(100_0000))
    assert sent.has(place_of(1, 0), terms, -1_000) == 0
    sent.add(place_of(1, 0), terms, 0)
    sent.add(place_of(1, 0), terms_of(SELL, Shares(100), Price(100_0000)), 10)
    assert sent.newest == 10
    assert sent.has(place_of(1, 0), terms, -1_000) == 1_000
    assert sent.has(place_of(1, 0), terms, 0) == 0
    assert sent.has(place_of(1, 1), terms, -1_000) == 0


def test_a_limit_below_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="a rate of 0 orders per second: must be at least 1"):
        log(limit=0)


@settings(deadline=None)
@given(
    limit=st.integers(1, 9),
    orders=st.lists(
        st.tuples(st.sampled_from([0, 1, 1_000, SECOND // 3, SECOND]), st.integers(0, 3), st.integers(1, 2)),
        max_size=60,
    ),
)
def test_counts_and_duplicates_are_those_of_a_list(limit: int, orders: list[tuple[int, int, int]]) -> None:
    counts = array("i", [0]) * 8
    sent = SentOrders(0, limit, counts)
    history: list[tuple[int, int, int]] = []
    now = 0
    for after, index, shares in orders:
        now += after
        terms = terms_of(BUY, Shares(shares), Price(100))
        young = [order for order in history if order[0] > now - SECOND]
        assert sent.full(now) == (len(young) >= limit)
        same = [time for time, *order in history if order == [index, shares] and time > now - 2_000]
        left = sent.has(place_of(index, 0), terms, now - 2_000)
        assert left == (max(same) - (now - 2_000) if same else 0)
        if not sent.full(now):
            sent.add(place_of(index, 0), terms, now)
            history.append((now, index, shares))
            young.append((now, index, shares))
        assert all(counts[i] >= sum(order[1] == i for order in young) for i in range(8))
        sent.expire(now)
        assert list(counts) == [sum(order[1] == i for order in young) for i in range(8)]


@given(
    one=st.tuples(
        st.sampled_from([1, -1]), st.integers(1, 999_999).map(Shares), st.integers(1, 199_999_9900).map(Price)
    ),
    other=st.tuples(
        st.sampled_from([1, -1]), st.integers(1, 999_999).map(Shares), st.integers(1, 199_999_9900).map(Price)
    ),
)
def test_packed_terms_are_equal_only_for_equal_terms_and_fit_63_bits(
    one: tuple[int, Shares, Price], other: tuple[int, Shares, Price]
) -> None:
    assert (terms_of(*one) == terms_of(*other)) == (one == other)
    assert 0 <= terms_of(*one) < 1 << 63
