"""Sequence number arithmetic and the settings of a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.net.sequence import seq_add, seq_diff
from hftapp.net.tcp_types import TcpConfig


@given(st.integers(0, 0xFFFFFFFF), st.integers(-(1 << 31), (1 << 31) - 1))
def test_distance_across_the_wrap(sequence: int, distance: int) -> None:
    """RFC 9293 §3.4."""
    moved = seq_add(sequence, distance)
    assert 0 <= moved <= 0xFFFFFFFF
    assert seq_diff(moved, sequence) == distance


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ValueError, match="mss must be 64"):
        TcpConfig(mss=10)
    with pytest.raises(ValueError, match="receive_buffer must be"):
        TcpConfig(receive_buffer=100)
    with pytest.raises(ValueError, match="send_buffer must be"):
        TcpConfig(send_buffer=0)
    with pytest.raises(ValueError, match="keep_alive_interval"):
        TcpConfig(keep_alive_idle=1, keep_alive_interval=0)
