import pytest

from hftapp.net.tcp_rto import RtoEstimator
from hftapp.net.tcp_types import MILLISECOND, SECOND


def estimator(minimum: int = MILLISECOND) -> RtoEstimator:
    return RtoEstimator(SECOND, minimum, 60 * SECOND)


def test_first_sample() -> None:
    """RFC 6298 §2.2: RTO = R + max(G, 4 × R/2)."""
    rto = estimator()
    rto.sample(100 * MILLISECOND)
    assert (rto.smoothed, rto.variance, rto.rto) == (100 * MILLISECOND, 50 * MILLISECOND, 300 * MILLISECOND)


def test_later_samples() -> None:
    """RFC 6298 §2.3: the variance first, with the old average; alpha 1/8, beta 1/4."""
    rto = estimator()
    rto.sample(100 * MILLISECOND)
    rto.sample(180 * MILLISECOND)
    assert rto.variance == (3 * 50 * MILLISECOND + 80 * MILLISECOND) // 4
    assert rto.smoothed == 110 * MILLISECOND
    assert rto.rto == 110 * MILLISECOND + 230 * MILLISECOND


def test_granularity_and_minimum() -> None:
    rto = estimator()
    for _ in range(200):
        rto.sample(10 * MILLISECOND)
    assert rto.rto == 11 * MILLISECOND
    low = estimator(50 * MILLISECOND)
    low.sample(0)
    assert low.rto == 50 * MILLISECOND


def test_backoff_doubles_up_to_the_maximum_and_a_sample_ends_it() -> None:
    """RFC 6298 §5.5, and the last paragraph of §5."""
    rto = estimator()
    for _ in range(10):
        rto.backoff()
    assert rto.rto == 60 * SECOND
    rto.sample(100 * MILLISECOND)
    assert rto.rto == 300 * MILLISECOND


def test_wrong_limits_are_named() -> None:
    with pytest.raises(ValueError, match="0 < min <= initial <= max: 5, 1, 9"):
        RtoEstimator(1, 5, 9)
