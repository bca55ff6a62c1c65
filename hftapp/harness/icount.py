"""Trades until the exchange ends the session, and keeps the stages of every tick that led to an order, one by one.

Where QEMU counts instructions (`-icount shift=0`) the time stamp counter counts them too, so that the samples are
instructions. A histogram keeps its largest value exactly: it is taken out and set to 0 after each turn of the loop,
outside of what is measured.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping

from hftapp.clock import Clock
from hftapp.config import Config, ConfigError
from hftapp.harness import number
from hftapp.histogram import HIGH
from hftapp.records import Rings
from hftapp.trader import assembly
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.process import open_wire
from hftapp.trader.stages import NAMES
from hftapp.wire import NicWire

SEED = b"icnt"
"""The same in every run, so that every run does the same."""
_SECOND = 1_000_000_000


class TickSamples:
    """Turns a trader's loop. `after`: ticks from the burst's return to the doorbell; `stages`: the parts of each.

    `before`: the same from the call that returned the burst on.
    """

    def __init__(self, trader: Trader, rings: Rings, wire: NicWire) -> None:
        self.after: list[int] = []
        self.before: list[int] = []
        self.stages: dict[str, list[int]] = {name: [] for name in NAMES}
        self._trader = trader
        self._wire = wire
        self._rings = rings
        self._total = rings.figures.words("tick_to_trade")
        self._words = [(self.stages[name], rings.figures.words(f"stages.{name}")) for name in NAMES]

    def turn(self) -> bool:
        """One turn of the loop; whether it sent an order in answer to market data."""
        self._trader.step()
        if self._total[HIGH] == 0:
            return False
        self.after.append(self._total[HIGH])
        self.before.append(self._total[HIGH] + self._wire.ticks - self._wire.polled)
        self._total[HIGH] = 0
        for samples, words in self._words:
            samples.append(words[HIGH])
            words[HIGH] = 0
        for ring in (self._rings.journal, self._rings.telemetry):  # as the supervisor would
            ring.drain()
        return True


def run(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
    """Trade until the session ends; the first `ticks` (default 10,000) samples, in the counter's own ticks."""
    wanted = number(arguments, "ticks", 10_000)
    clock, rings = Clock(), Rings()
    wire, _ = open_wire(settings, clock, SEED, cpu)
    trader = Trader(assembly.build(settings, wire, rings, clock, SEED))
    if not isinstance(wire, NicWire):
        raise ConfigError("configuration", [f'nic.port = "{settings.nic.port}": the harness counts on a card only'])
    samples = TickSamples(trader, rings, wire)
    gc.collect()
    gc.freeze()
    gc.disable()
    rings.prefault()
    try:
        while trader.phase != DONE:
            samples.turn()
    finally:
        if trader.phase != DONE:
            trader.abort()
        wire.close(clock.now())
    return {
        "harness": "icount",
        "clock": clock.source,
        "calibration": clock.scale.ticks_per_second / _SECOND,
        "after": samples.after[:wanted],
        "before": samples.before[:wanted],
        "stages": {name: found[:wanted] for name, found in samples.stages.items()},
        "outcome": list(trader.outcome or ()),
    }
