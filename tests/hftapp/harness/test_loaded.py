"""A trader that is watched: counters from when it trades until it closes, latencies from its figures, its own words."""

import marshal
import os
from collections.abc import Callable, Iterator, Sequence

import pytest

from hftapp import config, records
from hftapp.config import Config
from hftapp.harness import HarnessError, loaded
from hftapp.probe import sampler
from hftapp.probe.sampler import Reading
from hftapp.records import Rings

SETTINGS = config.parse("[cpu]\nlock_memory = false\n")
CPU = max(os.sched_getaffinity(0))
Play = Callable[[Callable[[Rings], None]], None]
POLICY = {"name": "sched_policy", "requested": "fifo", "effective": "other", "ok": False}


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


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Waits for the next reading of the counters; a trader may call it, which is another process."""
    reader, writer = os.pipe()
    read = sampler.read

    def told(numbers: Sequence[int], pid: int) -> Reading:
        found = read(numbers, pid)
        os.write(writer, b".")
        return found

    def wait() -> None:
        os.read(reader, 1)

    monkeypatch.setattr(sampler, "read", told)
    yield wait
    os.close(reader)
    os.close(writer)


def tell(rings: Rings, state: str) -> None:
    rings.telemetry.push(records.STATE, 0, marshal.dumps({"state": state}))


def end(rings: Rings, status: int, reason: str) -> None:
    rings.telemetry.push(records.EXIT, 0, marshal.dumps((status, reason)))


def trades(rings: Rings, until: Callable[[], object]) -> None:
    rings.figures.ticks_per_second = 2_000_000_000
    tell(rings, "connecting")
    rings.telemetry.push(records.KNOBS, 0, marshal.dumps([POLICY]))
    tell(rings, "trading")
    histogram = rings.figures.histogram("tick_to_trade")
    for ticks in (2_000, 2_000, 9_000):
        histogram.record(ticks)
    until()
    tell(rings, "closing: end of session")
    end(rings, 0, "end of session")


def test_a_trader_is_watched_while_it_trades(play: Play, reading: Callable[[], None]) -> None:
    def third() -> None:
        for _ in range(3):
            reading()

    play(lambda rings: trades(rings, third))
    found = loaded.run(SETTINGS, {"seconds": "5"}, CPU)
    latency, interrupts = found["latency"], found["interrupts"]
    assert isinstance(latency, dict)
    assert isinstance(interrupts, dict)
    assert steps(found) == 2
    assert f"CPU{CPU}" in interrupts
    assert latency["tick_to_trade"]["count"] == 3
    assert latency["tick_to_trade"]["max"] == 4_500
    assert [count for _, count in latency["tick_to_trade"]["histogram"]] == [2, 1]
    assert found["knobs"] == [POLICY]
    assert found["outcome"] == "end of session"


def test_no_longer_than_was_asked_for(play: Play, reading: Callable[[], None]) -> None:
    """It publishes the time once a second: at the second time after a reading there would have been another one."""

    def long(rings: Rings) -> None:
        def publications() -> None:
            reading()
            reading()
            for _ in range(2):
                before = rings.figures.reference.tobytes()
                while rings.figures.reference.tobytes() == before:
                    os.sched_yield()

        trades(rings, publications)

    play(long)
    assert steps(loaded.run(SETTINGS, {"seconds": "1"}, CPU)) == 1


def steps(found: dict[str, object]) -> int:
    """Seconds that were counted: of each interrupt there is a number for each."""
    series = found["series"]
    assert isinstance(series, dict)
    return max(map(len, series.values()))


def test_a_trader_that_fails_is_quoted(play: Play) -> None:
    play(lambda rings: end(rings, 1, "PortError: no card"))
    with pytest.raises(HarnessError, match="watched for 0 readings; it ended so: PortError: no card"):
        loaded.run(SETTINGS, {}, CPU)


def test_a_trader_that_dies_without_a_word_is_an_error(play: Play) -> None:
    play(lambda rings: None)
    with pytest.raises(HarnessError, match="it ended so: trader ended without a reason"):
        loaded.run(SETTINGS, {}, CPU)
