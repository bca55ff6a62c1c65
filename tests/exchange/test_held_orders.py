"""Orders outside the books."""

from exchange.held_orders import HeldOrders
from tests.exchange.floor import Floor


def test_they_are_kept_by_symbol_in_order_until_they_have_no_shares() -> None:
    floor, held = Floor("AAPL", "MSFT"), HeldOrders()
    first, second, third = (floor.order("B", 1, 1, symbol) for symbol in ("MSFT", "AAPL", "MSFT"))
    for order in (first, second, third):
        held.add(order)
    assert held.symbols() == ["MSFT", "AAPL"]
    second.shares = 0
    assert held.symbols() == ["MSFT"]
    assert held.of("MSFT") == [first, third]
    assert held.take("MSFT") == [first, third]
    assert held.take("MSFT") == held.of("AAPL") == []
    assert held.symbols() == []


def test_cancelled_orders_do_not_pile_up() -> None:
    floor, held = Floor(), HeldOrders()
    stays = floor.order("B", 1, 1)
    held.add(stays)
    for _ in range(1_000):
        order = floor.order("B", 1, 1)
        held.add(order)
        order.shares = 0
    assert held.of("AAPL") == [stays]
    assert len(held._orders["AAPL"]) < 100
