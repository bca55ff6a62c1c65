"""What the office is shown as it changes: books of one moment, positions, all that is counted; a part at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hftapp import figures
from hftapp.figures import Figures
from hftapp.gauges import BATCH, PERIOD_NS, SHARE, Gauges, read_softirqs
from hftapp.trader.board import Board
from hftapp.trader.figures_table import LAYOUT
from hftapp.trader.instrument import Instrument
from hftapp.units import Notional, Price, Shares
from protocols.management import ALL_VENUES, Counters, Latency, ManagementMessage, Position, TopOfBook


class Shown:
    """The trader's figures, and the supervisor's look at them by a clock that a test moves."""

    def __init__(self) -> None:
        self.figures = Figures(LAYOUT)
        self.board = Board(self.figures)
        self.gauges = Gauges(self.figures, None)
        self.now = PERIOD_NS
        self.instruments: list[Instrument] = []

    def instrument(self, symbol: str) -> Instrument:
        made = Instrument(symbol, len(self.instruments))
        self.instruments.append(made)
        return made

    def changes(self, step: int = PERIOD_NS) -> list[ManagementMessage]:
        self.now += step
        return list(self.gauges.changes(self.now, lambda: self.now))


@pytest.fixture
def shown() -> Iterator[Shown]:
    made = Shown()
    yield made
    made.figures.close()


def quoted(shown: Shown, symbol: str, bid: int) -> Instrument:
    made = shown.instrument(symbol)
    made.bid, made.bid_shares, made.updates = Price(bid), Shares(100), 1
    shown.board.show(made)
    return made


def test_a_book_is_told_of_when_it_changes_and_not_again(shown: Shown) -> None:
    held = quoted(shown, "AAPL", 100_0000)
    words = shown.figures.words("instruments")
    words[figures.DEPTH], words[figures.DEPTH + 1] = 100_0000, 100
    (book,) = shown.changes()
    assert isinstance(book, TopOfBook)
    assert (book.symbol, book.bid, book.bid_shares, book.ask, book.venue) == ("AAPL", 100_0000, 100, 0, 0)
    assert (book.levels, book.updates) == (([(100_0000, 100)], []), 1)
    assert TopOfBook.decode(book.encode()) == book
    assert shown.changes() == []
    held.last = Price(5)
    shown.board.show(held)
    assert [type(message) for message in shown.changes()] == [TopOfBook]


def test_with_several_venues_a_book_is_that_of_all(shown: Shown) -> None:
    shown.figures.set_text("venue.0", "ONE")
    shown.figures.set_text("venue.1", "TWO")
    quoted(shown, "AAPL", 1)
    (book,) = shown.changes()
    assert isinstance(book, TopOfBook)
    assert book.venue == ALL_VENUES


def test_a_position_is_told_of_when_it_changes(shown: Shown) -> None:
    held = quoted(shown, "AAPL", 1)
    shown.changes()
    held.position, held.exposed_sell, held.open_notional = Shares(-300), Shares(5), Notional(7)
    shown.board.show(held)
    expected = Position(symbol="AAPL", shares=-300, exposed_buy=0, exposed_sell=5, open_notional=7)
    assert shown.changes() == [expected]
    held.position = Shares(0)
    shown.board.show(held)
    assert shown.changes() == [expected.replace(shares=0)]


def test_a_book_that_is_being_written_is_told_of_later(shown: Shown) -> None:
    quoted(shown, "AAPL", 1)
    words = shown.figures.words("instruments")
    words[figures.EDITION] += 1
    assert shown.changes() == []
    words[figures.EDITION] += 1
    assert len(shown.changes()) == 1


def test_many_changes_come_in_batches_and_each_once(shown: Shown) -> None:
    for number in range(3 * BATCH):
        quoted(shown, f"S{number}", number + 1)
    batches = [shown.changes(0) for _ in range(5)]
    assert [len(batch) for batch in batches] == [BATCH] * 3 + [0, 0]
    assert len({message.symbol for batch in batches for message in batch if isinstance(message, TopOfBook)}) == 192


def test_looking_takes_a_small_share_of_the_time(shown: Shown) -> None:
    quoted(shown, "A", 1)
    took = 10_000_000
    assert len(list(shown.gauges.changes(PERIOD_NS, lambda: PERIOD_NS + took))) == 1
    quoted(shown, "B", 1)
    assert list(shown.gauges.changes(PERIOD_NS + SHARE * took - 1, lambda: 0)) == []
    assert len(list(shown.gauges.changes(PERIOD_NS + SHARE * took, lambda: 0))) == 1


def test_all_that_is_left_is_told_at_the_end(shown: Shown) -> None:
    for number in range(3 * BATCH):
        quoted(shown, f"S{number}", number + 1)
    assert len(list(shown.gauges.rest())) == 3 * BATCH


def test_a_book_that_was_never_finished_keeps_no_other_from_the_end(shown: Shown) -> None:
    for number in range(3 * BATCH):
        quoted(shown, f"S{number}", number + 1)
    words = shown.figures.words("instruments")
    for number in range(BATCH + 1):
        words[number * figures.STRIDE + figures.EDITION] += 1  # a trader that was killed while it wrote
    assert len(list(shown.gauges.rest())) == 2 * BATCH - 1
    assert list(shown.gauges.rest()) == []


def test_everything_counted_is_in_groups(shown: Shown) -> None:
    shown.figures.histogram("tick_to_trade").record(1000)
    shown.figures.words("risk")[1] = 7
    shown.figures.words("sent.0")[ord("O")] = 3
    shown.figures.publish("nic", {"rx_frames": 5})
    messages = list(shown.gauges.counted({"silence": {"allocations": -1}}))
    groups = {message.group: message.values for message in messages if isinstance(message, Counters)}
    assert groups["risk"]["kill_switch"] == 7
    assert groups["sent.0"]["entered"] == 3
    assert (groups["nic"], groups["silence"]) == ({"rx_frames": 5}, {"allocations": -1})
    assert {"orders", "loop", "feed.0"} <= set(groups)
    assert "feed.1" not in groups
    (latency,) = (message for message in messages if isinstance(message, Latency) and message.name == "tick_to_trade")
    assert (latency.least, latency.greatest, sum(latency.buckets.values())) == (1000, 1000, 1)
    assert all(message.decode(message.encode()) == message for message in messages)


def test_softirqs_of_one_cpu_by_name(tmp_path: Path) -> None:
    table = tmp_path / "softirqs"
    table.write_text("          CPU0   CPU1\n   HI:      1      0\n  TIMER:     20      3\n")
    assert read_softirqs(1, str(table)) == {"TIMER": 3}
    assert read_softirqs(1, str(tmp_path / "none")) == {}
