"""The `stats` record from figures as the trader leaves them."""

import pytest

from hftapp.figures import Figures
from hftapp.trader import stats
from hftapp.trader.board import Board
from hftapp.trader.figures_table import LAYOUT, LOOP
from hftapp.trader.instrument import Instrument
from hftapp.trader.risk import checks
from hftapp.trader.totals import NAMES as ORDERS
from hftapp.units import Price, Shares


@pytest.fixture
def figures() -> Figures:
    return Figures(LAYOUT)


def venue(figures: Figures, number: int, name: str, packets: int) -> None:
    figures.set_text(f"venue.{number}", name)
    figures.set_text(f"session.{number}", f"SESSION {name}")
    figures.words(f"feed.{number}")[0] = packets
    figures.words(f"feed.{number}")[6] = 1
    figures.words(f"by_type.{number}")[ord("A")] = 10 + number
    figures.words(f"sent.{number}")[ord("O")] = 3
    figures.words(f"sent.{number}")[ord("Q")] = 1
    figures.publish(
        f"state.{number}", {"next": 50 + number, "symbols": 2, "malformed": 1, "unsent": 4, "session_malformed": 2}
    )


def test_an_empty_trader_has_every_section(figures: Figures) -> None:
    record = stats.build(figures)
    assert {"feed", "orders", "risk", "position", "pnl_price4", "cash_price4", "tick_to_trade", "nic", "turns"} <= {
        *record
    }
    assert record["first_order_s"] is None
    assert "final" not in record
    assert "venues" not in record


def test_counts_of_one_venue(figures: Figures) -> None:
    venue(figures, 0, "NSDQ", 9)
    figures.words("orders")[ORDERS.index("accepted")] = 2
    figures.words("risk")[checks.FAT_FINGER] = 5
    record = stats.build(figures)
    feed, orders = record["feed"], record["orders"]
    assert (feed["session"], feed["next"], feed["packets"], feed["malformed"]) == ("SESSION NSDQ", 50, 9, 2)
    assert feed["by_type"] == {"A": 10}
    assert feed["stale"] is False
    assert (orders["sent"], orders["entered"], orders["account_queries"], orders["accepted"]) == (4, 3, 1, 2)
    assert (orders["unsent"], orders["malformed"]) == (4, 2)
    assert record["risk"] == {"fat_finger": 5}


def test_several_venues_are_added_up_and_shown_apart(figures: Figures) -> None:
    venue(figures, 0, "NSDQ", 9)
    venue(figures, 1, "BX", 5)
    record = stats.build(figures)
    feed = record["feed"]
    assert (feed["session"], feed["next"], feed["packets"], feed["by_type"]) == ("SESSION NSDQ", 50, 14, {"A": 21})
    assert record["venues"]["BX"]["packets"] == 5
    assert record["orders"]["sent"] == 8


@pytest.mark.parametrize(
    ("bid", "ask", "last"), [(100, 103, 7), (100, 0, 7), (0, 0, 7), (100, 0, 0), (0, 103, 0), (0, 0, 0)]
)
def test_a_position_is_marked_as_the_trader_marks_it(figures: Figures, bid: int, ask: int, last: int) -> None:
    instrument = Instrument("A", 0)
    instrument.bid, instrument.ask, instrument.last, instrument.position = (
        Price(bid),
        Price(ask),
        Price(last),
        Shares(-30),
    )
    Board(figures).show(instrument)
    figures.words("orders")[ORDERS.index("cash")] = 5_000
    record = stats.build(figures)
    assert record["pnl_price4"] == 5_000 - 30 * instrument.mark()
    assert record["cash_price4"] == 5_000
    assert record["position"] == {"A": -30}


def test_ticks_are_shown_in_nanoseconds(figures: Figures) -> None:
    figures.ticks_per_second = 2_000_000_000
    figures.histogram("tick_to_trade").record(4_000)
    figures.histogram("stages.doorbell").record(100)
    figures.set_text("kind.0", "market_maker Cython")
    figures.histogram("strategy.0").record(60)
    record = stats.build(figures)
    assert (record["tick_to_trade"]["unit"], record["tick_to_trade"]["max"]) == ("ns", 2_000)
    assert record["stages"]["doorbell"]["min"] == 50
    assert record["strategies"]["0:market_maker"]["runs"] == "Cython"
    assert record["strategies"]["0:market_maker"]["p50"] == 30


def test_the_loop_s_own_figures(figures: Figures) -> None:
    loop = figures.words("loop")
    for name, value in (("turns", 9), ("first_order_ns", 3_250_400_000), ("stale", 1), ("overflow", 2), ("final", 1)):
        loop[LOOP.index(name)] = value
    record = stats.build(figures)
    assert (record["turns"], record["first_order_s"], record["feed"]["stale"]) == (9, 3.25, True)
    assert (record["instruments_not_shown"], record["final"]) == (2, True)
