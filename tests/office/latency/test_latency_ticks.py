"""The trader's histograms become HDR histograms without losing anything, and nanoseconds within half a count."""

import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.histogram import COUNTS, SIZE, lower
from hftapp.histogram import Histogram as TradersHistogram
from office.latency import ticks
from office.latency.histogram import Histogram
from protocols.errors import ProtocolError
from protocols.management import BUCKET, Latency

samples = st.lists(st.integers(0, (1 << 40) - 1), max_size=50)


def as_sent(recorded: TradersHistogram) -> Latency:
    """The message that a server makes of a histogram."""
    exported = recorded.export()
    counts = exported["counts"]
    assert isinstance(counts, dict)
    body = b"".join(BUCKET.pack(lower(number), count) for number, count in counts.items())
    least, greatest = exported["min"], exported["max"]
    assert isinstance(least, int)
    assert isinstance(greatest, int)
    return Latency(name="tick_to_trade", least=least, greatest=greatest, body=body)


def recorded(values: list[int]) -> TradersHistogram:
    made = TradersHistogram(memoryview(array("q", bytes(8 * SIZE))))
    for value in values:
        made.record(value)
    return made


def test_the_traders_buckets_are_those_of_two_digits() -> None:
    assert ticks.LAYOUT.size == SIZE - COUNTS
    assert ticks.LAYOUT.floors.tolist() == [lower(number) for number in range(SIZE - COUNTS)]


@settings(deadline=None)
@given(samples)
def test_nothing_is_lost_on_the_way(values: list[int]) -> None:
    found = ticks.from_message(as_sent(recorded(values)))
    assert (found.counts == Histogram.of(values, ticks.LAYOUT).counts).all()
    if values:
        assert (found.least, found.greatest) == (min(values), max(values))
    assert ticks.from_message(Latency(name="x", least=0, greatest=1 << 50, body=ticks.to_body(found))).total == len(
        values
    )


def test_what_was_too_long_for_the_traders_buckets_keeps_its_greatest_value() -> None:
    found = ticks.from_message(as_sent(recorded([5, 1 << 45])))
    assert (found.total, found.least, found.greatest) == (2, 5, 1 << 45)
    assert ticks.to_nanoseconds(found, 2_000_000_000).greatest == 1 << 44


@pytest.mark.parametrize(
    ("body", "least", "text"),
    [
        (b"123", 0, "16 bytes each"),
        (BUCKET.pack(1 << 40, 1), 0, "a bucket starts at 0 to"),
        (BUCKET.pack(5, 1 << 60), 0, "a bucket counts less"),
        (BUCKET.pack(5, 1), 99, "the least value is not above the greatest"),
    ],
)
def test_a_body_that_is_no_histogram_is_refused(body: bytes, least: int, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        ticks.from_message(Latency(name="x", least=least, greatest=7, body=body))


@settings(deadline=None)
@given(st.binary(max_size=64), st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1))
def test_hostile_bodies_end_in_a_protocol_error_or_in_a_histogram(body: bytes, least: int, greatest: int) -> None:
    try:
        found = ticks.from_message(Latency(name="x", least=least, greatest=greatest, body=body))
    except ProtocolError:
        return
    pairs = list(struct.iter_unpack(">QQ", body))
    assert found.total == sum(count for _, count in pairs)


@settings(deadline=None)
@given(st.integers(0, 1 << 40), st.integers(1, 1 << 34))
def test_a_duration_is_rounded_to_the_nearest_nanosecond(count: int, rate: int) -> None:
    found = ticks.nanoseconds(count, rate)
    assert abs(found * rate - count * ticks.NANOSECONDS) * 2 <= rate


def test_a_clock_without_ticks_is_refused() -> None:
    with pytest.raises(ProtocolError, match="at least one tick a second"):
        ticks.to_nanoseconds(Histogram(ticks.LAYOUT), 0)
