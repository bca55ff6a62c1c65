"""A trader that is watched: counters from when it trades until it closes, latencies from its figures, its own words."""

import marshal
import os
import time
from collections.abc import Callable

import pytest

from hftapp import config, records
from hftapp.config import Config
from hftapp.harness import HarnessError, loaded
from hftapp.records import Rings

SETTINGS = config.parse("[cpu]\nlock_memory = false\n")
CPU = max(os.sched_getaffinity(0))
Play = Callable[[Callable[[Rings], None]], None]


@pytest.fixture(autouse=True)
def two_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests measure nothing: whatever CPUs this machine has, there is another one."""
    monkeypatch.setattr(loaded, "elsewhere", lambda _cpu: [min(os.sched_getaffinity(0))])
    monkeypatch.setattr(loaded, "SETTLE_S", 0.0)
    monkeypatch.setattr("os.sched_setaffinity", lambda _pid, _cpus: None)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Puts a scripted trader in the trader's place."""

    def put(script: Callable[[Rings], None]) -> None:
        def spawn(_settings: Config, rings: Rings, _cpu: int) -> int:
            pid = os.fork()
            if pid == 0:
                try:
                    script(rings)
                finally:
                    os._exit(0)
            return pid

        monkeypatch.setattr("hftapp.spawn.spawn", spawn)

    return put


def tell(rings: Rings, state: str) -> None:
    rings.telemetry.push(records.STATE, 0, marshal.dumps({"state": state}))


def end(rings: Rings, status: int, reason: str) -> None:
    rings.telemetry.push(records.EXIT, 0, marshal.dumps((status, reason)))


def trades(rings: Rings) -> None:
    rings.figures.ticks_per_second = 2_000_000_000
    tell(rings, "connecting")
    tell(rings, "trading")
    histogram = rings.figures.histogram("tick_to_trade")
    for ticks in (2_000, 2_000, 9_000):
        histogram.record(ticks)
    time.sleep(1.3)
    tell(rings, "closing: end of session")
    end(rings, 0, "end of session")


def test_a_trader_is_watched_while_it_trades(play: Play) -> None:
    play(trades)
    found = loaded.run(SETTINGS, {"seconds": "5"}, CPU)
    seconds, latency, interrupts = found["seconds"], found["latency"], found["interrupts"]
    assert isinstance(seconds, float)
    assert isinstance(latency, dict)
    assert isinstance(interrupts, dict)
    assert 0.9 < seconds < 1.3
    assert f"CPU{CPU}" in interrupts
    assert latency["tick_to_trade"]["count"] == 3
    assert latency["tick_to_trade"]["max"] == 4_500
    assert [count for _, count in latency["tick_to_trade"]["histogram"]] == [2, 1]
    assert found["outcome"] == "end of session"


def test_no_longer_than_was_asked_for(play: Play) -> None:
    def long(rings: Rings) -> None:
        rings.figures.ticks_per_second = 1_000_000_000
        tell(rings, "trading")
        time.sleep(2.5)
        end(rings, 0, "end of session")

    play(long)
    seconds = loaded.run(SETTINGS, {"seconds": "1"}, CPU)["seconds"]
    assert isinstance(seconds, float)
    assert 0.9 < seconds < 1.5


def test_a_trader_that_fails_is_quoted(play: Play) -> None:
    play(lambda rings: end(rings, 1, "PortError: no card"))
    with pytest.raises(HarnessError, match="watched for 0 readings; it ended so: PortError: no card"):
        loaded.run(SETTINGS, {}, CPU)


def test_a_trader_that_dies_without_a_word_is_an_error(play: Play) -> None:
    play(lambda rings: None)
    with pytest.raises(HarnessError, match="it ended so: trader ended without a reason"):
        loaded.run(SETTINGS, {}, CPU)
