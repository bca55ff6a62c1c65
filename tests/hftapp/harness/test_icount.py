"""Every tick that led to an order is a sample of its own, exact and by stage; turns without one leave none."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hftapp.harness.icount import TickSamples
from hftapp.records import Rings
from hftapp.trader.stages import NAMES


class ScriptedTrader:
    """Each turn records one tick of so many ticks a stage, or none."""

    def __init__(self, rings: Rings, ticks: list[int]) -> None:
        self._stages = [rings.figures.histogram(f"stages.{name}") for name in NAMES]
        self._total = rings.figures.histogram("tick_to_trade")
        self._rings = rings
        self._ticks = iter(ticks)

    def step(self) -> None:
        ticks = next(self._ticks)
        if ticks:
            for number, stage in enumerate(self._stages):
                stage.record(ticks + number)
            self._total.record(sum(ticks + number for number in range(len(NAMES))))
            self._rings.journal.push(1, 0, b"order")


POLL = 500
"""What asking the card takes in these tests."""


def wire() -> Any:
    return SimpleNamespace(polled=1_000, ticks=1_000 + POLL)


@pytest.fixture
def rings() -> Iterator[Rings]:
    rings = Rings()
    yield rings
    rings.close()


def test_samples_are_exact_however_far_apart_they_are(rings: Rings) -> None:
    trader = cast(Any, ScriptedTrader(rings, [1_000_003, 0, 7, 7, 99_999]))
    samples = TickSamples(trader, rings, wire())
    assert [samples.turn() for _ in range(5)] == [True, False, True, True, True]
    assert samples.stages["frame_parsed"] == [1_000_003, 7, 7, 99_999]
    assert samples.stages["doorbell"] == [1_000_007, 11, 11, 100_003]
    assert samples.after == [sum(stage[i] for stage in samples.stages.values()) for i in range(4)]
    assert samples.before == [total + POLL for total in samples.after]


def test_the_rings_are_emptied_so_that_the_trader_never_finds_them_full(rings: Rings) -> None:
    samples = TickSamples(cast(Any, ScriptedTrader(rings, [5] * 3)), rings, wire())
    for _ in range(3):
        samples.turn()
        assert rings.journal.drain() == []


def test_the_whole_begins_with_the_poll_before_the_one_that_found_the_burst(rings: Rings) -> None:
    trader, card = cast(Any, ScriptedTrader(rings, [0, 7, 0, 7])), wire()
    samples = TickSamples(trader, rings, card)
    for polled in (10_000, 10_300, 20_000, 20_100):
        card.polled, card.ticks = polled, polled + POLL
        samples.turn()
    first, second = samples.after
    assert samples.whole == [first + POLL + 300, second + POLL + 100]
    assert samples.before == [first + POLL, second + POLL]


def test_the_loop_ends_with_the_trader(rings: Rings) -> None:
    from hftapp.trader.loop import DONE

    class Ends(ScriptedTrader):
        """Is done after its last tick."""

        left = 3
        phase = 0

        def step(self) -> None:
            super().step()
            self.left -= 1
            if self.left == 0:
                self.phase = DONE

    samples = TickSamples(cast(Any, Ends(rings, [7, 0, 7])), rings, wire())
    samples.loop()
    assert len(samples.after) == 2
