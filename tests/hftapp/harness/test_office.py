"""The ticks of a trader that its supervisor watches: every one of its own, read by the other process."""

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest

from hftapp.config import ConfigError
from hftapp.harness.office import SharedTicks
from hftapp.records import Rings
from hftapp.trader.loop import CONNECTING, DONE
from hftapp.trader.stages import NAMES
from hftapp.wire import NicWire
from tests.hftapp.harness.test_icount import ScriptedTrader

POLL = 500


class Trader(ScriptedTrader):
    """A scripted trader that has parts, and is done after its last turn."""

    def __init__(self, rings: Rings, ticks: list[int], wire: object | None = None) -> None:
        super().__init__(rings, ticks)
        self.phase = CONNECTING
        self.said: list[str] = []
        self._left = len(ticks)
        if wire is None:
            wire = mock.NonCallableMock(spec=NicWire, polled=1_000, ticks=1_000 + POLL)
        self.parts = SimpleNamespace(wire=wire, reports=SimpleNamespace(state=self.said.append))

    def step(self) -> None:
        super().step()
        self._left -= 1
        if self._left == 0:
            self.phase = DONE


@pytest.fixture
def rings() -> Iterator[Rings]:
    rings = Rings()
    rings.figures.ticks_per_second = 1_000_000_000
    yield rings
    rings.close()


def traded(rings: Rings, ticks: list[int], room: int) -> dict[str, Any]:
    """What a trader of these ticks leaves, driven in a process of its own."""
    shared = SharedTicks(room)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            shared.drive(cast(Any, Trader(rings, ticks)), rings)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    return shared.result()


def test_another_process_reads_every_tick_exactly(rings: Rings) -> None:
    found = traded(rings, [1_000_003, 0, 7, 7, 0, 99_999], 10)
    assert found["stages"]["frame_parsed"] == [1_000_003, 7, 7, 99_999]
    assert found["stages"]["doorbell"] == [1_000_007, 11, 11, 100_003]
    assert found["after"] == [sum(stage[i] for stage in found["stages"].values()) for i in range(4)]
    assert found["before"] == [after + POLL for after in found["after"]]
    assert found["calibration"] == 1.0
    assert list(found["stages"]) == list(NAMES)


def test_the_rings_are_left_to_the_supervisor(rings: Rings) -> None:
    traded(rings, [5] * 3, 10)
    assert len(rings.journal.drain()) == 3


def test_ticks_for_which_there_is_no_room_are_traded_and_not_kept(rings: Rings) -> None:
    assert traded(rings, [5, 6, 7], 2)["stages"]["frame_parsed"] == [5, 6]
    assert len(rings.journal.drain()) == 3


def test_a_trader_that_never_traded_leaves_nothing(rings: Rings) -> None:
    found = traded(rings, [0, 0], 2)
    assert (found["after"], found["before"]) == ([], [])


def test_it_says_what_the_loop_says_at_its_beginning(rings: Rings) -> None:
    trader = Trader(rings, [0])
    SharedTicks(1).drive(cast(Any, trader), rings)
    assert trader.said == ["connecting"]


def test_sockets_cannot_be_counted(rings: Rings) -> None:
    with pytest.raises(ConfigError, match=r"nic\.port: the harness counts on a card only"):
        SharedTicks(1).drive(cast(Any, Trader(rings, [0], wire=object())), rings)
