"""The risk monitor behind the page gets the stream, books conflated, and its alerts reach the hub."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.dashboard.hub import Hub
from office.dashboard.monitoring import Watched
from office.dashboard.pump import watch_alerts
from office.dashboard.source import Raw
from office.monitor.comparison import GRACE
from office.monitor.monitor import Monitor
from protocols import management as m

SESSION, T0 = 0xA1, 1_700_000_000_000_000_000


class Desk:
    def __init__(self) -> None:
        self.now = T0
        self.monitor = Monitor({"position_shares": 1_000})
        self.watched = Watched(self.monitor, lambda: self.now)

    def say(self, message: m.ManagementMessage) -> None:
        self.watched.take(Raw(SESSION, m.LIVE, 1, T0, message.encode()))

    def differ(self) -> None:
        """The trader holds what no drop copy knows of, for longer than the two may differ."""
        self.say(m.Position(symbol="AAPL", shares=300, exposed_buy=0, exposed_sell=0, open_notional=0))
        self.now += GRACE + 1
        self.monitor.tick(self.now)


def book(bid: int) -> m.TopOfBook:
    top: dict[str, Any] = {"bid": bid, "bid_shares": 100, "ask": bid + 200, "ask_shares": 100, "last": 0, "updates": 1}
    return m.TopOfBook(venue=0, symbol="AAPL", bids=0, asks=0, **top)


def test_of_books_only_the_newest_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, seen = Desk(), []
    monkeypatch.setattr(desk.monitor, "on_frame", lambda session, frame, now: seen.append(frame.message))
    for bid in range(100_0000, 100_0000 + 50):
        desk.say(book(bid))
    assert seen == []
    desk.watched.flush()
    desk.watched.flush()
    assert seen == [book(100_0049)]


def test_everything_else_is_handed_on_at_once_and_the_journal_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, seen = Desk(), []
    monkeypatch.setattr(desk.monitor, "on_frame", lambda session, frame, now: seen.append(frame.message.TYPE))
    desk.say(m.State(body=b"trading"))
    desk.watched.take(Raw(SESSION, m.JOURNAL, 1, T0, m.JournalRecord(kind=m.OUT, venue=0).encode()))
    assert seen == ["S"]


def test_a_difference_is_an_alert_on_the_page_and_can_be_acknowledged() -> None:
    desk, hub = Desk(), Hub()
    desk.differ()

    async def story() -> None:
        task = asyncio.ensure_future(watch_alerts(hub, desk.watched))
        async with asyncio.timeout(5):
            while not len(hub.tables[12]):
                await asyncio.sleep(0.01)  # the hub has no event
        task.cancel()

    asyncio.run(story())
    (row,) = hub.tables[12]
    assert row[2] == "difference" and row[6] == "open"
    desk.watched.acknowledge(row[1], "ann")
    hub.alerts(desk.watched.alerts())
    assert next(iter(hub.tables[12]))[6:] == ("acknowledged", "ann")
    with pytest.raises(KeyError):
        desk.watched.acknowledge("no such alert", "ann")


@given(st.integers(0, 2), st.binary(max_size=100))
def test_no_bytes_of_a_server_raise(stream: int, message: bytes) -> None:
    desk = Desk()
    desk.watched.take(Raw(SESSION, stream, 1, T0, message))
    desk.watched.flush()
