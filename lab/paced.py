"""An exchange that goes by the clock instead of in lockstep: a steady feed, or bursts with silence between them.

The adds of a group of ticks come at the beginning of its period, what undoes them in the middle. Whatever the trader
orders is accepted and cancelled at once; a trader that is late finds nothing to trade on, so orders are counted and not
compared.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from lab.lockstep.exchange import Exchange, HarnessError
from lab.lockstep.link import Link
from protocols import ouch50, soup

FEED_TICKS_PER_S: Final = 200
"""A tick is a packet with an add and one with what undoes it, each on both lines: 800 frames a second."""
BURST_TICKS: Final = 64
BURSTS_PER_S: Final = 2
_LAG_S: Final = 0.25
_BEHIND_S: Final = 30.0
_LOOK_S: Final = 0.002
MARGIN_S: Final = 3.0
"""Longer than the guest counts: it begins a second after it trades, while the books are still coming."""


class Paced(Exchange):
    """`size` ticks every `period` seconds, for `seconds` and a margin, more slowly where the guest cannot keep up.

    `ticks`: how many there were.
    """

    def __init__(
        self,
        link: Link,
        alive: Callable[[], bool],
        size: int,
        period: float,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(link, alive, clock=clock)
        self.ticks = 0
        self._asked: deque[tuple[float, int]] = deque()
        self._size = size
        self._period = period
        self._seconds = seconds + MARGIN_S

    def run(self, ticks: int, boot_seconds: float, progress: Callable[[int], None]) -> int:
        """Carry it out once the guest has logged in, whatever `ticks` says; the number of orders.

        Raises HarnessError when the guest does not log in, or does not end.
        """
        del ticks
        self._open(boot_seconds)
        began = self._clock()
        for group in range(round(self._seconds / self._period)):
            if self._clock() > began + self._seconds:
                break
            start = began + group * self._period
            self._keep_up(start)
            found = [self._feed.tick() for _ in range(self._size)]
            self._publish_all([tick.add] for tick in found)
            self._serve_until(start + self._period / 2)
            self._publish_all(list(tick.undo) for tick in found)
            self.ticks += self._size
            progress(self.ticks)
        self._serve_until(self._clock() + self._period / 2)  # the other half of the last period
        self._end()
        return self.orders

    def _publish_all(self, groups: Iterable[list[bytes]]) -> None:
        """Each group of messages as a packet of its own, on both lines."""
        for messages in groups:
            for packet in self._packets(messages):
                self._publish(packet, 0)
                self._publish(packet, 1)

    def _keep_up(self, start: float) -> None:
        """Wait for a group's time, and for a guest that is `_LAG_S` behind: it acknowledges a heartbeat after all
        frames before it. What overflows in the guest is lost for good, and this end repeats nothing.
        """
        self._tcp.send(soup.ServerHeartbeat().encode())
        self._flush()
        self._asked.append((self._clock(), self._tcp.sent))
        self._serve_until(start)
        behind = self._clock() + _BEHIND_S
        while self._lags():
            if self._clock() >= behind:
                raise HarnessError(f"the guest is {_BEHIND_S:g} s behind the feed, after {self.ticks} ticks")
            self._serve_until(self._clock() + _LOOK_S)

    def _lags(self) -> bool:
        while self._asked and self._asked[0][1] <= self._tcp.acknowledged:
            self._asked.popleft()
        return bool(self._asked) and self._clock() - self._asked[0][0] > _LAG_S

    def _serve_until(self, deadline: float) -> None:
        while (left := deadline - self._clock()) > 0:
            self._until(lambda: bool(self._entered), left, None)
            self._answer(self._take_all())
            self._flush()

    def _take_all(self) -> list[ouch50.EnterOrder]:
        """The orders that have come in, counted."""
        orders = []
        while self._entered:
            order = ouch50.decode_inbound(self._entered.pop(0))
            if not isinstance(order, ouch50.EnterOrder):
                raise HarnessError(f"{type(order).__name__} is no order")
            orders.append(order)
            self.orders += 1
        return orders
