"""The router: venues by price and fee, sweeps, the order protection rule, and quotes that lock no one."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.trader.instrument import Instrument
from hftapp.trader.market import Market
from hftapp.trader.router import Fees, Router
from hftapp.units import Fee, Price, Shares

BUY, SELL = 1, -1
CENT = 100
PRICE = 100_0000
LOCATE = 7
STANDARD = Fees(Fee(300), Fee(200))
Levels = list[tuple[int, int]]


@dataclass
class Depth:
    """A venue's book of one instrument: levels (price, shares) from the best; as `Books` answers the router."""

    bids: Levels = field(default_factory=list)
    asks: Levels = field(default_factory=list)

    def side(self, side: int) -> Levels:
        return self.bids if side == BUY else self.asks

    def level_price(self, locate: int, side: int, i: int) -> int:
        assert locate == LOCATE
        return self.side(side)[i][0] if i < len(self.side(side)) else 0

    def level_shares(self, locate: int, side: int, i: int) -> int:
        assert locate == LOCATE
        return self.side(side)[i][1] if i < len(self.side(side)) else 0

    def best_price(self, locate: int, side: int) -> int:
        return self.level_price(locate, side, 0)


@dataclass
class Venues:
    """Venues' books of one instrument; `absent` are those that do not list it, `shut` has a bit for each closed one."""

    books: list[Depth]
    absent: frozenset[int] = frozenset()
    shut: int = 0

    def locate_of(self, instrument: Instrument, venue: int) -> int:
        return -1 if venue in self.absent else LOCATE


Child = tuple[int, int, int, bool]
AAPL = Instrument("AAPL", 0)


def router(*books: Depth, fees: list[Fees] | None = None, absent: frozenset[int] = frozenset()) -> Router:
    venues = Venues(list(books), absent)
    return Router(cast(Market, venues), fees or [STANDARD] * len(books))


def children(routed: Router) -> list[Child]:
    return [(routed.venue[i], routed.shares[i], routed.price[i], bool(routed.iso[i])) for i in range(routed.count)]


def taken(routed: Router, side: int, shares: int, price: int) -> list[Child]:
    assert routed.take(AAPL, side, Shares(shares), Price(price)) == routed.count
    return children(routed)


def asks(*levels: tuple[int, int]) -> Depth:
    """An ask side; prices in cents above 100 dollars."""
    return Depth(asks=[(PRICE + cents * CENT, shares) for cents, shares in levels])


def bids(*levels: tuple[int, int]) -> Depth:
    """A bid side; prices in cents below 100 dollars."""
    return Depth(bids=[(PRICE - cents * CENT, shares) for cents, shares in levels])


def at(cents: int) -> int:
    return PRICE + cents * CENT


# One venue.


def test_with_one_venue_the_order_goes_as_it_is_whatever_the_book_shows() -> None:
    alone = router(Depth())
    assert taken(alone, BUY, 500, at(1)) == [(0, 500, at(1), False)]
    assert alone.rest(AAPL, SELL, Shares(200), Price(at(2))) == 1
    assert children(alone) == [(0, 200, at(2), False)]
    assert alone.unrouted == 0


# Taking.


def test_the_best_price_comes_first() -> None:
    assert taken(router(asks((2, 300)), asks((1, 300))), BUY, 100, at(2)) == [(1, 100, at(1), False)]
    assert taken(router(bids((2, 300)), bids((1, 300))), SELL, 100, at(-2)) == [(1, 100, at(-1), False)]


def test_at_equal_prices_the_lowest_fee_then_the_larger_size_then_the_first_venue() -> None:
    cheap = [Fees(Fee(300), Fee(200)), Fees(Fee(100), Fee(0))]
    assert taken(router(asks((1, 900)), asks((1, 100)), fees=cheap), BUY, 100, at(1)) == [(1, 100, at(1), False)]
    assert taken(router(asks((1, 100)), asks((1, 900))), BUY, 100, at(1)) == [(1, 100, at(1), False)]
    assert taken(router(asks((1, 100)), asks((1, 100))), BUY, 100, at(1)) == [(0, 100, at(1), False)]


def test_equal_prices_need_no_sweep_order() -> None:
    routed = taken(router(asks((1, 100)), asks((1, 100))), BUY, 200, at(1))
    assert routed == [(0, 100, at(1), False), (1, 100, at(1), False)]


def test_a_sweep_takes_better_quotes_in_full_and_all_its_children_are_marked() -> None:
    routed = taken(router(asks((1, 100), (3, 400)), asks((2, 200))), BUY, 450, at(3))
    assert routed == [(0, 250, at(3), True), (1, 200, at(2), True)]


def test_one_venue_through_several_of_its_own_levels_is_no_sweep() -> None:
    routed = taken(router(asks((1, 100), (2, 100)), asks((5, 100))), BUY, 200, at(4))
    assert routed == [(0, 200, at(2), False)]


def test_nothing_beyond_the_limit_is_taken_and_the_rest_is_told() -> None:
    swept = router(asks((1, 100), (3, 400)), asks((2, 200)))
    assert taken(swept, BUY, 450, at(2)) == [(1, 200, at(2), True), (0, 100, at(1), True)][::-1]
    assert swept.unrouted == 150
    assert taken(swept, BUY, 450, at(0)) == []
    assert swept.unrouted == 450


def test_a_venue_that_does_not_list_the_symbol_is_left_out() -> None:
    assert taken(router(asks((1, 100)), asks((2, 100)), absent=frozenset({0})), BUY, 100, at(2)) == [
        (1, 100, at(2), False)
    ]


def test_a_quote_that_cannot_be_reached_is_not_traded_through() -> None:
    down = router(asks((1, 100)), asks((1, 50), (2, 100)))
    down.set_reachable(0, False)
    assert taken(down, BUY, 150, at(2)) == [(1, 50, at(1), False)]
    down.set_protected(0, False)
    assert taken(down, BUY, 150, at(2)) == [(1, 150, at(2), False)]


def test_a_venue_that_an_order_does_not_reach_is_not_traded_through() -> None:
    swept = router(asks((1, 100), (3, 400)), asks((2, 200)))
    assert swept.take(AAPL, BUY, Shares(450), Price(at(3)), 0b10) == 1
    assert children(swept) == [(0, 100, at(1), False)]
    assert swept.take(AAPL, BUY, Shares(450), Price(at(3)), 0b01) == 0
    assert taken(swept, BUY, 450, at(3)) == [(0, 250, at(3), True), (1, 200, at(2), True)]


def test_a_venue_that_has_closed_takes_no_order_and_binds_no_one() -> None:
    venues = Venues([asks((1, 100)), asks((1, 50), (2, 100))], shut=0b01)
    routed = Router(cast(Market, venues), [Fees(Fee(300), Fee(900)), STANDARD])
    assert taken(routed, BUY, 150, at(2)) == [(1, 150, at(2), False)]
    assert routed.rest(AAPL, BUY, Shares(100), Price(at(0))) == 1
    assert routed.venue[0] == 1
    venues.shut = 0b11
    assert taken(routed, BUY, 150, at(2)) == []
    assert routed.rest(AAPL, BUY, Shares(100), Price(at(0))) == 0


def test_a_book_that_is_not_trusted_is_not_taken_from() -> None:
    stale = router(asks((1, 100)), asks((2, 100)))
    stale.set_protected(0, False)
    assert taken(stale, BUY, 100, at(2)) == [(1, 100, at(2), False)]


# Resting.


def test_a_quote_rests_where_the_rebate_is_highest_then_at_the_first_venue() -> None:
    rebates = [Fees(Fee(300), Fee(200)), Fees(Fee(300), Fee(250)), Fees(Fee(300), Fee(250))]
    quoted = router(Depth(), Depth(), Depth(), fees=rebates)
    assert quoted.rest(AAPL, BUY, Shares(100), Price(at(0))) == 1
    assert children(quoted) == [(1, 100, at(0), False)]
    quoted.set_reachable(1, False)
    assert quoted.rest(AAPL, BUY, Shares(100), Price(at(0))) == 1
    assert quoted.venue[0] == 2


@pytest.mark.parametrize(
    ("side", "book", "price", "count"),
    [
        (BUY, asks((2, 100)), at(1), 1),
        (BUY, asks((2, 100)), at(2), 0),
        (BUY, asks((2, 100)), at(3), 0),
        (SELL, bids((2, 100)), at(-1), 1),
        (SELL, bids((2, 100)), at(-2), 0),
        (SELL, bids((2, 100)), at(-3), 0),
    ],
)
def test_a_quote_never_locks_or_crosses_another_venue(side: int, book: Depth, price: int, count: int) -> None:
    quoted = router(Depth(), book)
    assert quoted.rest(AAPL, side, Shares(100), Price(price)) == count
    assert quoted.count == count
    quoted.set_protected(1, False)
    assert quoted.rest(AAPL, side, Shares(100), Price(price)) == 1


def test_a_quote_that_its_own_venue_would_execute_goes_there() -> None:
    assert router(asks((2, 100)), asks((5, 100))).rest(AAPL, BUY, Shares(100), Price(at(2))) == 1


def test_without_a_venue_nothing_rests() -> None:
    quoted = router(Depth(), Depth(), absent=frozenset({0}))
    quoted.set_reachable(1, False)
    assert quoted.rest(AAPL, BUY, Shares(100), Price(at(0))) == 0


# Mistakes.


def test_the_number_of_venues_is_checked() -> None:
    with pytest.raises(ValueError, match="fees of 0 venues: the router has room for 1 to 4"):
        Router(cast(Market, Venues([])), [])
    with pytest.raises(IndexError, match="venue 2: the router has 2"):
        router(Depth(), Depth()).set_reachable(2, False)


# Any books, any order.

SIDES = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 5)), max_size=5, unique_by=lambda level: level[0])
VENUE_BOOKS = st.lists(SIDES, min_size=2, max_size=4)
FEES = st.lists(st.builds(Fees, st.integers(-300, 300), st.integers(-300, 300)), min_size=4, max_size=4)


def book(side: int, levels: list[tuple[int, int]]) -> Depth:
    """What an order of `side` takes from; penny prices, round lots."""
    ordered = sorted(levels)
    return (asks if side == BUY else bids)(*[(cents, 100 * lots) for cents, lots in ordered])


def execute(depth: Depth, side: int, shares: int, limit: int) -> Levels:
    """What an immediate-or-cancel order gets at a venue: (price, shares) of its executions."""
    fills = []
    for price, shown in depth.side(-side):
        if shares == 0 or (price - limit) * side > 0:
            break
        fills.append((price, min(shown, shares)))
        shares -= fills[-1][1]
    return fills


def cost(fills: Levels, side: int, fee: int) -> int:
    """Paid (bought) or given up (sold), fees included, in 1/100,000 dollar; a price4 unit is ten of them."""
    return sum(shares * (side * price * 10 + fee) for price, shares in fills)


@settings(deadline=None, max_examples=400)
@given(
    side=st.sampled_from([BUY, SELL]),
    shown=VENUE_BOOKS,
    fees=FEES,
    shares=st.integers(1, 2_500),
    cents=st.integers(0, 9),
    down=st.sets(st.integers(0, 3), max_size=2),
    blind=st.sets(st.integers(0, 3), max_size=1),
)
def test_no_order_buys_too_much_or_too_dear_or_through_a_better_quote(
    side: int,
    shown: list[list[tuple[int, int]]],
    fees: list[Fees],
    shares: int,
    cents: int,
    down: set[int],
    blind: set[int],
) -> None:
    books = [book(side, levels) for levels in shown]
    routed = router(*books, fees=fees[: len(books)])
    for venue in range(len(books)):
        routed.set_reachable(venue, venue not in down)
        routed.set_protected(venue, venue not in blind)
    limit = PRICE + side * cents * CENT
    found = taken(routed, side, shares, limit)
    assert len({venue for venue, *_ in found}) == len(found), "at most one child per venue"
    assert sum(count for _, count, _, _ in found) + routed.unrouted == shares
    by_venue = {venue: (count, price, iso) for venue, count, price, iso in found}
    for venue, (count, price, iso) in by_venue.items():
        assert venue not in down | blind
        assert count > 0
        assert (price - limit) * side <= 0
        fills = execute(books[venue], side, count, price)
        assert sum(filled for _, filled in fills) == count, "a child asks for what is shown, no more"
        for other in range(len(books)):
            quote = books[other].side(-side)
            if other == venue or other in blind or not quote or (price - quote[0][0]) * side <= 0:
                continue
            # Rule 611(b)(5) and (6), Rule 600: a better protected quote is swept in full, and all of it is marked.
            assert iso
            assert other not in down
            assert by_venue[other][0] >= quote[0][1]
            assert by_venue[other][2]


@settings(deadline=None, max_examples=400)
@given(
    side=st.sampled_from([BUY, SELL]),
    shown=VENUE_BOOKS,
    fees=FEES,
    shares=st.integers(1, 2_500),
    cents=st.integers(0, 9),
)
def test_no_single_venue_is_cheaper_for_the_same_shares(
    side: int, shown: list[list[tuple[int, int]]], fees: list[Fees], shares: int, cents: int
) -> None:
    books = [book(side, levels) for levels in shown]
    limit = PRICE + side * cents * CENT
    routed = router(*books, fees=fees[: len(books)])
    found = taken(routed, side, shares, limit)
    alone = [execute(depth, side, shares, limit) for depth in books]
    most = max(sum(filled for _, filled in fills) for fills in alone)
    assert shares - routed.unrouted >= most, "no single venue executes more"
    paid = sum(
        cost(execute(books[venue], side, count, price), side, fees[venue].taker_fee) for venue, count, price, _ in found
    )
    for venue, fills in enumerate(alone):
        if sum(filled for _, filled in fills) == shares:
            assert paid <= cost(fills, side, fees[venue].taker_fee)


@settings(deadline=None)
@given(side=st.sampled_from([BUY, SELL]), shown=VENUE_BOOKS, fees=FEES, cents=st.integers(-1, 9))
def test_no_quote_locks_or_crosses_a_protected_quote_of_another_venue(
    side: int, shown: list[list[tuple[int, int]]], fees: list[Fees], cents: int
) -> None:
    books = [book(side, levels) for levels in shown]
    routed = router(*books, fees=fees[: len(books)])
    price = PRICE + side * cents * CENT
    locked = [
        venue
        for venue, depth in enumerate(books)
        if depth.side(-side) and (price - depth.side(-side)[0][0]) * side >= 0
    ]
    if routed.rest(AAPL, side, Shares(100), Price(price)):
        assert set(locked) <= {routed.venue[0]}
    else:
        assert locked
