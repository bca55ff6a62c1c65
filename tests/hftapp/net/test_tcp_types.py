from hypothesis import given
from hypothesis import strategies as st

from hftapp.net.tcp_types import seq_add, seq_diff


@given(st.integers(0, 0xFFFFFFFF), st.integers(-(1 << 31), (1 << 31) - 1))
def test_distance_across_the_wrap(sequence: int, distance: int) -> None:
    """RFC 9293 §3.4."""
    moved = seq_add(sequence, distance)
    assert 0 <= moved <= 0xFFFFFFFF
    assert seq_diff(moved, sequence) == distance
