"""The feed by the clock: what is published and answered, with the Python peer at the other end of the link."""

from collections import deque

import pytest

from lab.lockstep.exchange import HarnessError
from lab.paced import Paced
from tests.lab.lockstep.guest_double import Peer


class Line:
    """A link to a guest whose frames take `delay` seconds; time goes on while it is waited for, and only then."""

    def __init__(self, delay: float = 0.0) -> None:
        self.now = 0.0
        self.guest = Peer(lambda frame: self._coming.append((self.now + delay, frame)))
        self._coming: deque[tuple[float, bytes]] = deque()

    def put(self, frame: bytes) -> None:
        self.guest.on_frame(frame)

    def wait(self, seconds: float) -> bytes | None:
        if not self._coming or self._coming[0][0] > self.now + seconds:
            self.now += seconds
            return None
        due, frame = self._coming.popleft()
        self.now = max(self.now, due)
        return frame

    def close(self) -> None:
        """There is nothing to let go of."""


@pytest.fixture(autouse=True)
def _no_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.paced.MARGIN_S", 0.0)


def run(line: Line, size: int, period: float, seconds: float) -> tuple[Paced, list[float]]:
    """The exchange after its run, and when each group of ticks was undone."""
    exchange = Paced(line, lambda: not line.guest.over, size, period, seconds, clock=lambda: line.now)
    undone: list[float] = []
    line.guest.connect()
    assert exchange.run(1, 5, lambda _: undone.append(line.now)) == exchange.orders
    return exchange, undone


def test_a_feed_takes_the_time_it_should_and_every_tick_leads_to_an_order() -> None:
    line = Line()
    exchange, undone = run(line, 1, 0.05, 1.0)
    assert exchange.ticks == 20
    assert exchange.orders == 20
    assert undone == pytest.approx([undone[0] + 0.05 * number for number in range(20)])
    assert line.now == pytest.approx(undone[-1] + 0.025)  # the last period is as long as the others
    assert line.guest.arbiter.duplicates >= 2 * 20
    assert line.guest.arbiter.malformed == line.guest.orders.refused == 0


def test_a_burst_comes_all_at_once_and_leaves_nothing_behind() -> None:
    line = Line()
    exchange, _ = run(line, 16, 0.5, 1.0)
    assert exchange.ticks == 32
    assert exchange.orders >= 16
    assert not line.guest.books.touched
    assert line.guest.arbiter.malformed == 0


def test_orders_of_the_last_ticks_count_until_their_period_is_over() -> None:
    exchange, _ = run(Line(delay=0.22), 1, 0.4, 1.2)
    assert exchange.ticks == exchange.orders == 3


def test_a_guest_that_never_logs_in_is_named() -> None:
    line = Line()
    exchange = Paced(line, lambda: True, 1, 1.0, 1.0, clock=lambda: line.now)
    with pytest.raises(HarnessError, match=r"the guest did not log in within 0\.05 s"):
        exchange.run(1, 0.05, lambda _: None)
