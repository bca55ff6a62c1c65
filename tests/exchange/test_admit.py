"""`Engine.admit`: an order that was accepted before enters its book without being accepted again."""

from tests.exchange.floor import Floor


def test_it_matches_and_rests_as_any_other() -> None:
    floor = Floor()
    floor.enter("S", 60, 1_000_000)
    floor.news()
    floor.trader.take()
    order = floor.order("B", 100, 1_000_000)
    floor.market.engine.admit(order, floor.now)
    assert floor.types() == "EA"
    assert [event[0] for event in floor.trader.take()] == ["executed"]
    assert floor.market.book("AAPL").view()["bids"] == [[1_000_000, 40, 1]]


def test_a_price_band_of_the_time_it_enters_holds_it_down() -> None:
    floor = Floor()
    floor.market.engine.set_band(floor.market.book("AAPL"), 900_000, 990_000, floor.now)
    order = floor.order("B", 100, 1_000_000)
    floor.market.engine.admit(order, floor.now)
    assert (order.price, order.limit) == (990_000, 1_000_000)
