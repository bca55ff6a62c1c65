"""The server as it trades, supervisor and telemetry beside the trader, and the stages of every tick one by one.

Nothing is replaced but the loop's last line: after each turn the trader's process copies what the turn has recorded
into memory that PID 1 reads when the trader has ended. As in `hftapp.harness.icount` a histogram's largest value, which
is exact, is taken out and set to 0, outside of what is measured.

The supervisor has the other CPU. Where QEMU counts instructions both take turns on one counter: what the supervisor
does is counted in a tick that its turn falls into, and in no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hftapp import console
from hftapp.config import Config, ConfigError
from hftapp.harness import number
from hftapp.histogram import HIGH
from hftapp.pid1 import JOURNAL
from hftapp.records import Rings
from hftapp.shared import SharedMemory
from hftapp.supervisor import Supervisor
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.stages import NAMES
from hftapp.wire import NicWire

SUPERVISES: Final = True
_SECOND: Final = 1_000_000_000
_COUNT, _RATE, _HEAD = 0, 1, 2
"""Words of the memory: how many ticks there are, ticks of the counter a second; from `_HEAD` on a row for each."""
_WIDTH: Final = 2 + len(NAMES)
"""Of a row: ticks of the receiving call, from its return to the doorbell, and of each stage."""


class SharedTicks:
    """The figures of up to `room` ticks, in memory that the trader's process writes and this one reads."""

    def __init__(self, room: int) -> None:
        self._memory = SharedMemory("ticks", 8 * (_HEAD + room * _WIDTH))
        self._end = _HEAD + room * _WIDTH

    def drive(self, trader: Trader, rings: Rings) -> None:
        """Turn a trader's loop to its end, and keep each tick that led to an order. Allocates no memory."""
        wire, words = trader.parts.wire, self._memory.words
        if not isinstance(wire, NicWire):
            raise ConfigError("configuration", ["nic.port: the harness counts on a card only"])
        found = [rings.figures.words(name) for name in ("tick_to_trade", *(f"stages.{name}" for name in NAMES))]
        total, at = found[0], _HEAD
        self._memory.prefault()
        words[_RATE] = rings.figures.ticks_per_second
        trader.parts.reports.state("connecting")
        while trader.phase != DONE:
            trader.step()
            if total[HIGH] == 0 or at == self._end:
                continue
            words[at] = wire.ticks - wire.polled
            for figure in found:
                at += 1
                words[at] = figure[HIGH]
                figure[HIGH] = 0
            at += 1
            words[_COUNT] += 1

    def result(self) -> dict[str, object]:
        """As the harness `icount` gives it: `after`, `before`, `stages`, `calibration`."""
        words = self._memory.words
        end = _HEAD + words[_COUNT] * _WIDTH
        receiving, after, *stages = (words[_HEAD + column : end : _WIDTH].tolist() for column in range(_WIDTH))
        return {
            "calibration": words[_RATE] / _SECOND,
            "after": after,
            "before": [sum(both) for both in zip(receiving, after, strict=True)],
            "stages": dict(zip(NAMES, stages, strict=True)),
        }


def run(settings: Config, arguments: Mapping[str, str], _cpu: int | None) -> dict[str, object]:
    """Trade until the session ends; the first `ticks` (default 10,000) samples, and how the run ended."""
    ticks = SharedTicks(number(arguments, "ticks", 10_000))

    def trade(own: Config, rings: Rings, place: int | None) -> None:
        from hftapp.trader import process  # as `spawn` does: the supervisor needs none of it

        process.run(own, rings, place, lambda trader: ticks.drive(trader, rings))

    outcome = Supervisor(settings, journal_dir=JOURNAL, say=console.say, trader=trade).run()
    return {
        "harness": "office",
        **ticks.result(),
        "journal_records": outcome.journal_records,
        "outcome": [outcome.status, outcome.reason],
    }
