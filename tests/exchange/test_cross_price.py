"""The price of a cross, against one that tries every price."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.cross_price import Clearing, Interest


@dataclass(frozen=True)
class Wish:
    """``price`` 0 = a market order."""

    buy: bool
    price: int
    shares: int
    imbalance_only: bool = False


def interest(wishes: list[Wish]) -> Interest:
    total = Interest()
    for wish in wishes:
        if wish.price:
            total.add(wish.buy, wish.price, wish.shares, wish.imbalance_only)
        else:
            total.add_market(wish.buy, wish.shares)
    return total


def willing(wishes: list[Wish], buy: bool, price: int, imbalance_only: bool) -> int:
    def takes(wish: Wish) -> bool:
        return wish.price == 0 or (wish.price >= price if buy else wish.price <= price)

    return sum(w.shares for w in wishes if w.buy == buy and w.imbalance_only == imbalance_only and takes(w))


def outcome(wishes: list[Wish], price: int) -> tuple[int, int]:
    """Shares paired at a price, and what is left: above 0 to buy, below 0 to sell."""
    bought, sold = willing(wishes, True, price, False), willing(wishes, False, price, False)
    if bought >= sold:
        sold = min(bought, sold + willing(wishes, False, price, True))
    else:
        bought = min(sold, bought + willing(wishes, True, price, True))
    return min(bought, sold), bought - sold


def oracle(wishes: list[Wish], anchor: int, low: int = 0, high: int = 0) -> Clearing | None:
    """Rule after rule, each throwing out the prices that are worse than the best one."""
    prices = {w.price for w in wishes if w.price} | {p for p in (anchor, low, high) if p}
    prices = {p for p in prices if p >= low and (not high or p <= high)}
    if not prices:
        return None
    most = max(outcome(wishes, p)[0] for p in prices)
    prices = {p for p in prices if outcome(wishes, p)[0] == most}
    least = min(abs(outcome(wishes, p)[1]) for p in prices)
    prices = {p for p in prices if abs(outcome(wishes, p)[1]) == least}
    unexecuted = {
        p
        for p in prices
        if (left := outcome(wishes, p)[1])
        and any(w.price == p and w.buy == (left > 0) and not w.imbalance_only for w in wishes)
    }
    prices = unexecuted or prices
    price = min(prices, key=lambda p: (abs(p - anchor) if anchor else 0, p))
    left = outcome(wishes, price)[1]
    return Clearing(price, most, abs(left), "B" if left > 0 else "S" if left < 0 else "N")


PRICES = st.integers(95, 105)
WISHES = st.lists(
    st.one_of(
        st.builds(Wish, st.booleans(), PRICES, st.integers(1, 9), st.booleans()),
        st.builds(Wish, st.booleans(), st.just(0), st.integers(1, 9)),
    ),
    max_size=12,
)


@given(WISHES, st.one_of(st.just(0), PRICES), st.booleans(), PRICES, PRICES)
def test_it_is_what_trying_every_price_finds(wishes: list[Wish], anchor: int, bounded: bool, a: int, b: int) -> None:
    low, high = sorted((a, b)) if bounded else (0, 0)
    assert interest(wishes).clear(anchor, low, high) == oracle(wishes, anchor, low, high)


@given(WISHES, PRICES)
def test_no_other_price_pairs_more_not_even_one_that_nobody_entered(wishes: list[Wish], anchor: int) -> None:
    clearing = interest(wishes).clear(anchor)
    assert clearing is not None
    assert clearing.paired >= max(outcome(wishes, price)[0] for price in range(90, 111))


@given(WISHES, PRICES)
def test_what_is_left_cannot_trade_with_each_other(wishes: list[Wish], anchor: int) -> None:
    """Best first on each side; imbalance-only orders last, and they never stay."""
    clearing = interest(wishes).clear(anchor)
    assert clearing is not None
    left: dict[bool, list[int]] = {}
    for buy in (True, False):
        side = [w for w in wishes if w.buy == buy and not w.imbalance_only]
        side.sort(key=lambda w: (w.price != 0, -w.price if w.buy else w.price))
        paired = clearing.paired
        left[buy] = []
        for wish in side:
            takes = wish.price == 0 or (wish.price >= clearing.price if buy else wish.price <= clearing.price)
            taken = min(paired, wish.shares) if takes else 0
            paired -= taken
            if taken < wish.shares and wish.price:
                left[buy].append(wish.price)
    if left[True] and left[False]:
        assert max(left[True]) < min(left[False])


@pytest.mark.parametrize(
    ("rule", "wishes", "anchor", "clearing"),
    [
        ("the most shares", [(True, 102, 5), (True, 100, 5), (False, 100, 10)], 105, Clearing(100, 10, 0, "N")),
        ("the least imbalance", [(True, 102, 10), (False, 100, 10), (False, 102, 5)], 102, Clearing(100, 10, 0, "N")),
        ("the price of who stays", [(True, 103, 10), (False, 100, 4)], 100, Clearing(103, 4, 6, "B")),
        ("the same for sellers", [(True, 103, 4), (False, 100, 10)], 103, Clearing(100, 4, 6, "S")),
        ("the nearest to the anchor", [(True, 104, 5), (False, 100, 5)], 103, Clearing(103, 5, 0, "N")),
        ("the lower of two as near", [(True, 104, 5), (False, 100, 5)], 0, Clearing(100, 5, 0, "N")),
        ("market orders alone", [(True, 0, 5), (False, 0, 3)], 101, Clearing(101, 3, 2, "B")),
    ],
)
def test_rules_in_their_order(rule: str, wishes: list[tuple[bool, int, int]], anchor: int, clearing: Clearing) -> None:
    assert interest([Wish(*wish) for wish in wishes]).clear(anchor) == clearing, rule


def test_imbalance_only_orders_trade_with_the_imbalance_and_not_with_each_other() -> None:
    buy, sell = Wish(True, 101, 8, imbalance_only=True), Wish(False, 100, 8, imbalance_only=True)
    nothing = interest([buy, sell]).clear(100)
    assert nothing is not None
    assert nothing.paired == 0
    assert interest([buy, sell, Wish(True, 0, 5)]).clear(100) == Clearing(100, 5, 0, "N")


def test_nobody_and_no_price() -> None:
    assert Interest().clear(0) is None
    assert not Interest()
    assert interest([Wish(True, 0, 1)])
