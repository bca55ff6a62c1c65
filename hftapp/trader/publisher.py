"""Shows in the figures what is no counter there already: a slice at a time, when the loop has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hftapp.book.books import COUNTERS
from hftapp.figures import Figures
from hftapp.trader import figures_table
from hftapp.trader.board import Board
from hftapp.trader.market import Market

if TYPE_CHECKING:
    from hftapp.trader.assembly import Parts

_TURNS, _EMITTED, _FIRST, _STALE, _OVERFLOW, _FINAL = range(len(figures_table.LOOP))
FINAL: Final = 1
UNKNOWN_REFERENCES: Final = COUNTERS.index("unknown_references")


class Publisher:
    """Owns the group `loop` and the open groups of the figures, and the instruments' blocks (`board`)."""

    def __init__(self, figures: Figures, market: Market) -> None:
        self.board = Board(figures, market)
        self._figures = figures
        self._loop = figures.words("loop")
        self._next = 0

    def publish(self, parts: Parts, turns: int) -> None:
        """Show the next slice; every one comes once in as many calls as there are venues, and two more."""
        slices = self._slices(parts)
        if self._next >= len(slices):
            self._next = 0
        slices[self._next]()
        self._next += 1
        self._own(parts, turns)

    def last(self, parts: Parts, turns: int) -> None:
        """Show everything, for the last time."""
        for show in self._slices(parts):
            show()
        self.board.show_all(parts.market.instruments)
        self._own(parts, turns)
        self._loop[_FINAL] = FINAL

    def _slices(self, parts: Parts) -> list[Callable[[], None]]:
        venues: list[Callable[[], None]] = [
            lambda number=number: self._venue(parts, number)  # type: ignore[misc]
            for number in range(len(parts.sessions))
        ]
        return [*venues, lambda: self._figures.publish("nic", parts.wire.stats()), parts.orders.publish]

    def _own(self, parts: Parts, turns: int) -> None:
        loop = self._loop
        loop[_TURNS] = turns
        loop[_EMITTED] = parts.gateway.emitted
        loop[_FIRST] = parts.gateway.first_order
        loop[_STALE] = parts.market.stale
        loop[_OVERFLOW] = self.board.overflow

    def _venue(self, parts: Parts, number: int) -> None:
        """The rest of one venue's feed, books and order session."""
        arbiter, watch, session = parts.arbiters[number], parts.watches[number], parts.sessions[number]
        venue = parts.market.venues[number]
        self._figures.set_text(f"session.{number}", arbiter.session)
        self._figures.publish(
            f"state.{number}",
            {
                "next": max(arbiter.next_number, 0),
                "symbols": len(venue.books.stocks.symbols()),
                "unknown_refs": venue.books.counts[UNKNOWN_REFERENCES],
                "malformed": venue.malformed,
                "silences": watch.silences,
                "line_a_silences": watch.line_silences[0],
                "line_b_silences": watch.line_silences[1],
                "unsent": session.unsent,
                "reconnects": session.reconnects,
                "session_malformed": session.malformed,
            },
        )
