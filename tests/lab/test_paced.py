"""The feed by the clock: what is published and answered, with the Python peer at the other end of the link."""

import time
from pathlib import Path

import pytest

from lab.lockstep.exchange import HarnessError
from lab.lockstep.link import SocketLink
from lab.paced import Paced
from tests.lab.lockstep.guest_double import LockstepGuest


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, size: int, period: float, seconds: float
) -> tuple[Paced, LockstepGuest, float]:
    monkeypatch.setattr("lab.paced.MARGIN_S", 0.0)
    here, there = folder / "exchange", folder / "guest"
    alive: list[LockstepGuest] = []
    exchange = Paced(SocketLink(here, there), lambda: not alive or alive[0].is_alive(), size, period, seconds)
    guest = LockstepGuest(there, here)
    alive.append(guest)
    guest.start()
    began = time.monotonic()
    try:
        assert exchange.run(1, 5, lambda _: None) == exchange.orders
        return exchange, guest, time.monotonic() - began
    finally:
        exchange.close()


def test_a_feed_takes_the_time_it_should_and_every_tick_leads_to_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, guest, took = run(tmp_path, monkeypatch, 1, 0.05, 1.0)
    assert exchange.ticks == 20
    assert exchange.orders == 20
    assert took >= 1.0
    assert guest.arbiter.duplicates >= 2 * 20
    assert guest.arbiter.malformed == guest.orders.refused == 0


def test_a_burst_comes_all_at_once_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, guest, _ = run(tmp_path, monkeypatch, 16, 0.5, 1.0)
    assert exchange.ticks == 32
    assert exchange.orders >= 16
    assert not guest.books.touched
    assert guest.arbiter.malformed == 0


def test_a_guest_that_never_logs_in_is_named(tmp_path: Path) -> None:
    exchange = Paced(SocketLink(tmp_path / "a", tmp_path / "b"), lambda: True, 1, 1.0, 1.0)
    try:
        with pytest.raises(HarnessError, match=r"the guest did not log in within 0\.05 s"):
            exchange.run(1, 0.05, lambda _: None)
    finally:
        exchange.close()
