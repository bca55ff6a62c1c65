"""The house's orders for the crosses come before their cut-offs, trade in them, and are the same for a seed."""

import pytest

from exchange.clock import SECOND
from exchange.flow.cross_interest import ORDERS_PER_SYMBOL, CrossInterest
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.schedule import EARLY_CLOSE, REGULAR, Schedule
from exchange.supervision import supervise


def interest(schedule: Schedule, seed: int = 1) -> tuple[Market, CrossInterest]:
    market = Market(Publisher("S", []), entry_closes="E")
    for symbol in ("AAPL", "MSFT"):
        market.list_symbol(symbol)
    supervise(market, schedule)
    flow = CrossInterest(market, ["AAPL", "MSFT"], seed, schedule)
    flow.start(schedule.system_begins)
    return market, flow


@pytest.mark.parametrize("schedule", [REGULAR, EARLY_CLOSE], ids=["regular", "early close"])
def test_every_order_is_taken_and_both_crosses_trade(schedule: Schedule) -> None:
    market, flow = interest(schedule)
    times = []
    for code, cross_at in (("O", schedule.market_opens), ("C", schedule.market_closes)):
        while (time := flow.next_time()) is not None and time < cross_at:
            times.append(time)
            flow.step()
        crossed = [market.auctions.cross(market.book(symbol), code, cross_at).shares for symbol in ("AAPL", "MSFT")]
        assert sum(crossed) > 0
    assert times == sorted(times)
    late = range(schedule.market_opens - 120 * SECOND, schedule.market_opens)
    assert not any(time in late for time in times)
    counters = flow.counters()
    assert counters["orders"] == 2 * 2 * ORDERS_PER_SYMBOL
    assert counters["executed_shares"] > 0
    assert flow.next_time() is None


def test_a_seed_gives_the_same_orders() -> None:
    def sent(seed: int) -> list[int]:
        _, flow = interest(REGULAR, seed)
        times = []
        while (time := flow.next_time()) is not None:
            times.append(time)
            flow.step()
        return times

    assert sent(7) == sent(7) != sent(8)


def test_what_should_have_come_before_the_start_does_not_come() -> None:
    _, flow = interest(REGULAR)
    flow.start(REGULAR.market_opens)
    first = flow.next_time()
    assert first is not None
    assert first > REGULAR.market_opens
