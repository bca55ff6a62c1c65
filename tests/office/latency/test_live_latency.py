"""Live latencies: differences of successive cumulative histograms, by server and name."""

from hypothesis import given, settings
from hypothesis import strategies as st

from office.latency import ticks
from office.latency.histogram import Histogram
from office.latency.live import MOST_NAMES, LatencyInterval, LiveLatency
from protocols.management import CONTROL, LIVE, Frame, Hello, Latency, State

SESSION = 7


def hello(rate: int = 2_000_000_000, time: int = 100) -> Frame:
    return Frame(CONTROL, 0, time, Hello(version=1, session=SESSION, journal=9, ticks_per_second=rate, host="h"))


def state(values: list[int], time: int, name: str = "tick_to_trade") -> Frame:
    made = Histogram.of(values, ticks.LAYOUT)
    least, greatest = max(made.least, 0), max(made.greatest, 0)
    return Frame(LIVE, 1, time, Latency(name=name, least=least, greatest=greatest, body=ticks.to_body(made)))


def taken(live: LiveLatency, frame: Frame, session: int = SESSION) -> LatencyInterval:
    found = live.take(session, frame)
    assert found is not None
    return found


def test_an_interval_has_what_came_since_the_frame_before() -> None:
    live = LiveLatency()
    assert live.take(SESSION, hello()) is None
    first = taken(live, state([200, 200, 200], 1_000))
    assert (first.start, first.end, first.count) == (100, 1_000, 3)
    assert (first.least, first.p50, first.greatest) == (100, 100, 100)  # two ticks are a nanosecond
    second = taken(live, state([200, 200, 200, 40, 80], 2_000))
    assert (second.start, second.end, second.count) == (1_000, 2_000, 2)
    assert (second.least, second.p50, second.greatest) == (20, 20, 40)
    assert (second.whole["count"], second.whole["greatest"], second.whole["p50"]) == (5, 100, 100)


def test_an_interval_without_values_is_all_zero() -> None:
    live = LiveLatency()
    live.take(SESSION, state([5], 1_000))
    found = taken(live, state([5], 2_000))
    assert (found.count, found.least, found.p50, found.p999, found.greatest) == (0, 0, 0, 0, 0)
    assert found.whole["count"] == 1


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 1 << 30), max_size=8), min_size=1, max_size=5))
def test_intervals_add_up_to_the_whole(pieces: list[list[int]]) -> None:
    live = LiveLatency()
    so_far: list[int] = []
    counted = 0
    for number, piece in enumerate(pieces):
        so_far += piece
        found = taken(live, state(so_far, number))
        counted += found.count
        assert found.count == len(piece)
        if piece:
            assert found.least <= min(piece) <= max(piece) <= max(found.greatest, found.whole["greatest"])
    assert counted == len(so_far)


def test_a_server_that_began_anew_begins_anew() -> None:
    live = LiveLatency()
    live.take(SESSION, state([10, 10, 10], 1_000))
    found = taken(live, state([30], 2_000))
    assert (found.count, found.p50) == (1, 30)


def test_servers_and_names_do_not_mix() -> None:
    live = LiveLatency()
    live.take(1, state([10], 1_000))
    live.take(1, state([20, 20], 1_000, "stages.doorbell"))
    assert taken(live, state([10, 11], 2_000), session=1).count == 1
    assert taken(live, state([10, 11], 2_000), session=2).count == 2
    assert list(live.names(1)) == ["tick_to_trade", "stages.doorbell"]
    live.forget(1)
    assert taken(live, state([10, 11], 3_000), session=1).count == 2


def test_other_frames_give_nothing() -> None:
    assert LiveLatency().take(SESSION, Frame(LIVE, 1, 5, State(body=b"trading"))) is None


def test_what_is_no_histogram_and_what_has_too_many_names_is_counted() -> None:
    live = LiveLatency()
    broken = Latency(name="x", least=0, greatest=0, body=b"12345")
    assert live.take(SESSION, Frame(LIVE, 1, 5, broken)) is None
    for number in range(MOST_NAMES + 3):
        live.take(SESSION, state([1], 5, f"name{number}"))
    assert live.refused == 4
