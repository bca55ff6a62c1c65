"""When a trader cannot be silent, and what is said about it."""

import pytest

from hftapp.clock import Clock
from hftapp.silence import begin, heap


def test_what_keeps_a_trader_from_being_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    assert begin.obstacle("socket", clock) == 'port "socket" is served by the kernel'
    assert begin.obstacle("dpdk", clock) == "the trader runs interpreted"
    monkeypatch.setattr(heap, "AVAILABLE", True)
    assert begin.obstacle("dpdk", clock) == "its clock is the kernel's: monotonic clock (interpreted)"
    clock.tsc = True
    assert begin.obstacle("dpdk", clock) == ""
