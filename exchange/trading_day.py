"""A whole trading day by the clock.

| Time | On the feed |
|---|---|
| 03:00 | `S` O; `R` `H` `Y` of every symbol; `L` of every participant; `V` |
| 04:00 | `S` S; continuous trading of orders for extended hours; day orders wait |
| 09:25, 09:28 | `I` every 10 s, every second (`noii_timer`) |
| 09:30 | `S` Q, then the opening crosses |
| 15:50, 15:55 | `I` every 10 s, every second |
| 16:00 | symbols that are paused or quoted reopen; the closing crosses, then `S` M; day orders end |
| 20:00 | orders for extended hours end, `S` E |
| 20:05 | `S` C |

Prints of both crosses are within market hours. A symbol that is halted then has no cross. Before system hours and after
them nothing can be entered. Sans-I/O: each step has the time of the table, however late `advance` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exchange.halts import TRADING
from exchange.market import Market
from exchange.positions import announce_positions
from exchange.schedule import Schedule
from exchange.supervision import Supervision


class TradingDay:
    """The day of one market. ``at_close`` and ``at_end`` end the orders for market hours and for extended hours.

    ``mpids``: the participants to announce.
    """

    def __init__(
        self,
        market: Market,
        schedule: Schedule,
        supervision: Supervision,
        at_close: Callable[[int], None],
        at_end: Callable[[int], None],
        mpids: Sequence[str] = (),
    ) -> None:
        self._market = market
        self._supervision = supervision
        self._at_close = at_close
        self._at_end = at_end
        self._mpids = mpids
        self._started = False
        self._steps: list[tuple[int, Callable[[int], None]]] = [
            (schedule.messages_begin, self._begin_messages),
            (schedule.system_begins, self._begin_system),
            (schedule.market_opens, self._open),
            (schedule.market_closes, self._close),
            (schedule.system_ends, self._end_system),
            (schedule.messages_end, self._end_messages),
        ]

    def start(self, now: int) -> None:
        """Let the day run; what was due before ``now`` happens at once."""
        if self._started:
            return
        self._started = True
        self._market.engine.open = False
        self.advance(now)

    def end(self, now: int) -> None:
        """Close what is not closed yet, at once. An opening that did not come does not come any more."""
        if not self._started:
            return
        left = [step for _, step in self._steps]
        self._steps.clear()
        if self._open in left:
            left[left.index(self._close)] = self._close_unopened
        for step in left:
            if step not in (self._begin_messages, self._begin_system, self._open):
                step(now)

    def next_deadline(self) -> int | None:
        """The time of the next step; None before the start and after the end."""
        return self._steps[0][0] if self._started and self._steps else None

    def advance(self, now: int) -> None:
        """Take the steps that are due."""
        while self._started and self._steps and self._steps[0][0] <= now:
            at, step = self._steps.pop(0)
            step(at)

    def _begin_messages(self, at: int) -> None:
        self._market.system_event("O", at)
        self._market.announce_symbols(at)
        announce_positions(self._market, self._mpids, at)
        if self._supervision.breaker is not None:
            self._supervision.breaker.announce(at)

    def _begin_system(self, at: int) -> None:
        self._market.engine.open = True
        self._market.system_event("S", at)

    def _open(self, at: int) -> None:
        self._market.system_event("Q", at)
        self._cross_all("O", at)

    def _close(self, at: int) -> None:
        self._supervision.halts.reopen_all(at)
        self._cross_all("C", at)
        self._market.system_event("M", at)
        self._at_close(at)

    def _close_unopened(self, at: int) -> None:
        self._market.system_event("M", at)
        self._at_close(at)

    def _end_system(self, at: int) -> None:
        self._at_end(at)
        self._market.system_event("E", at)

    def _end_messages(self, at: int) -> None:
        self._market.system_event("C", at)

    def _cross_all(self, cross: str, at: int) -> None:
        auctions = self._supervision.auctions
        for symbol, listing in self._market.directory.listings.items():
            book = self._market.book(symbol)
            if listing.trading_state == TRADING and not book.halted:
                auctions.cross(book, cross, at)
            else:
                auctions.skip(book, cross, at)
