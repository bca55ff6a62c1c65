"""Limits of the configuration in the units the gate compares."""

from hftapp.config import Risk, parse
from hftapp.trader.risk.limits import Limits
from tests.hftapp.trader.risk.floor import LIMITS


def test_dollars_become_price4_and_microseconds_nanoseconds() -> None:
    limits = Limits(Risk(**LIMITS))
    assert limits.order_notional == 200_000_0000
    assert limits.executed_notional == 5_000_000_0000
    assert limits.duplicate_window == 500_000
    assert limits.order_shares == 1_000
    assert (limits.port_rate, limits.symbol_rate) == (10, 6)


def test_the_defaults_leave_room_for_an_order_of_the_largest_size_at_the_largest_value() -> None:
    limits = Limits(parse("").risk)
    assert limits.order_shares <= limits.position
    assert limits.order_notional <= limits.symbol_open_notional <= limits.open_notional <= limits.gross_exposure
    assert limits.order_notional <= limits.net_exposure <= limits.executed_notional


def test_the_largest_limits_of_the_configuration_fit_64_bits_with_every_product_the_gate_forms() -> None:
    most = 1 << 63
    largest = Limits(
        parse("[risk]\nmax_executed_notional = 100_000_000_000\nmax_gross_exposure = 100_000_000_000").risk
    )
    assert largest.executed_notional < most
    assert 999_999 * 199_999_9900 + 3 * largest.gross_exposure < most
    widest_ratio = 2 * 199_999_9900 * 10_000 * 10_000
    assert widest_ratio < most
