"""The LULD reference price against a plain mean over a list of trades."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.clock import SECOND
from exchange.reference_price import STAYS, ReferencePrice

START = 34_200 * SECOND


def test_it_moves_by_1_per_cent_at_least_and_after_30_s_at_least() -> None:
    reference = ReferencePrice(100_000, START)
    assert not reference.add(200_000, START + STAYS - 1), "too soon"
    assert reference.price == 100_000
    assert reference.add(150_000, START + STAYS)
    assert reference.price == 150_000
    assert not reference.add(150_000, START + 3 * STAYS)


def test_less_than_1_per_cent_does_not_move_it() -> None:
    reference = ReferencePrice(100_000, START)
    assert not reference.add(101_900, START + STAYS)
    assert reference.add(104_000, START + STAYS)


def test_trades_of_more_than_five_minutes_ago_count_no_longer() -> None:
    reference = ReferencePrice(100_000, START)
    assert reference.add(110_000, START + 300 * SECOND)
    assert reference.price == 110_000


def test_an_auction_begins_it_anew() -> None:
    reference = ReferencePrice(100_000, START)
    reference.restart(120_000, START + 60 * SECOND)
    assert reference.price == 120_000
    assert not reference.add(150_000, START + 89 * SECOND)
    assert reference.add(120_000, START + 90 * SECOND)
    assert reference.price == 130_000


@given(st.lists(st.tuples(st.integers(0, 400 * SECOND), st.integers(1, 1_000_000)), max_size=30))
def test_it_is_the_mean_over_the_steps_of_the_last_five_minutes(trades: list[tuple[int, int]]) -> None:
    now, price, since = START, 50_000, START
    reference = ReferencePrice(price, START)
    plain = [(START, price)]
    for pause, paid in trades:
        now += pause
        plain.append((now, paid))
        recent = [p for t, p in plain if now // (10 * SECOND) - t // (10 * SECOND) < 30]
        mean = sum(recent) // len(recent)
        moved = now - since >= STAYS and abs(mean - price) * 100 >= price
        if moved:
            price, since = mean, now
        assert reference.add(paid, now) == moved
        assert reference.price == price
