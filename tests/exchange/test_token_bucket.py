"""Token buckets in virtual time."""

from exchange.clock import SECOND
from exchange.token_bucket import SourceBuckets, TokenBucket


def test_a_burst_then_the_rate() -> None:
    bucket = TokenBucket(burst=3, rate=10, now=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(SECOND // 10 - 1)
    assert bucket.take(SECOND // 10)
    assert not bucket.take(SECOND // 10)


def test_asking_often_loses_nothing() -> None:
    bucket = TokenBucket(burst=1, rate=3, now=0)
    taken = sum(bucket.take(now) for now in range(0, 10 * SECOND, SECOND // 1000))
    assert taken == 30


def test_no_more_than_the_burst_is_saved_and_a_clock_that_stands_still_gives_nothing() -> None:
    bucket = TokenBucket(burst=2, rate=1000, now=0)
    assert [bucket.take(100 * SECOND) for _ in range(3)] == [True, True, False]
    assert not bucket.take(99 * SECOND)


def test_sources_have_buckets_of_their_own() -> None:
    buckets = SourceBuckets(burst=1, rate=1)
    assert [buckets.take(source, 0) for source in ("a", "b", "a")] == [True, True, False]


def test_forged_sources_do_not_fill_the_memory() -> None:
    buckets = SourceBuckets(burst=1, rate=1, capacity=10)
    for source in range(1000):
        buckets.take(source, 0)
    assert len(buckets) == 10
