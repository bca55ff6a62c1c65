"""Message rates over exchange time."""

from exchange.clock import SECOND
from exchange.throttle import RateLimit


def test_a_burst_then_the_rate() -> None:
    limit = RateLimit(rate=10, burst=3, keyed=False)
    assert [limit.allows("any", 0) for _ in range(4)] == [True, True, True, False]
    assert not limit.allows("other", SECOND // 10 - 1)
    assert limit.allows("any", SECOND // 10)
    assert [limit.allows("any", 10 * SECOND) for _ in range(4)] == [True, True, True, False]


def test_keys_have_buckets_of_their_own() -> None:
    limit = RateLimit(rate=1, burst=1, keyed=True)
    assert [limit.allows(key, 0) for key in "ABAB"] == [True, True, False, False]
    assert limit.allows("A", SECOND)
