"""What the trader says about itself between its figures: states, gaps, closing books, how it ended. All of it rare."""

import marshal
from typing import Any, Final

from hftapp import records
from hftapp.clock import Clock
from hftapp.records import Rings
from hftapp.trader.market import Market

LAST_WORDS_NS: Final = 5_000_000_000


class Reports:
    """Writes into the telemetry ring. While trading a full ring drops a record (counted); last words wait for room."""

    def __init__(self, rings: Rings, clock: Clock, epoch: int) -> None:
        self._ring = rings.telemetry
        self._clock = clock
        self._epoch = epoch

    def state(self, text: str) -> None:
        """One line about what the trader does now."""
        self._emit(records.STATE, {"state": text})

    def gap(self, venue: str, first: int, last: int) -> None:
        """Messages `first` to `last` of a venue's feed are lost."""
        self._emit(records.GAP, {"from": first, "to": last, "venue": venue})

    def books(self, market: Market, names: list[str], sequences: list[int]) -> None:
        """Every book of every venue; `sequences`: the last message applied, by venue."""
        for number, venue in enumerate(market.venues):
            for view in venue.views():
                record = {"venue": names[number], "sequence": sequences[number], **view}
                self._emit(records.BOOK, record, wait=True)

    def ended(self, status: int, reason: str) -> None:
        """Exit status and reason; nothing follows."""
        self._emit(records.EXIT, (status, reason), wait=True)

    def _emit(self, kind: int, payload: Any, *, wait: bool = False) -> None:
        data = marshal.dumps(payload)
        if len(data) > self._ring.largest:
            kind = records.STATE
            data = marshal.dumps({"state": f"a record of {len(data)} bytes is too large to report"})
        end = self._clock.now() + LAST_WORDS_NS
        while not self._ring.push(kind, self._clock.now() + self._epoch, data):
            if not wait or self._clock.now() >= end:
                return
