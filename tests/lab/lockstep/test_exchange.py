"""The exchange of the harness and the Python peer, in lockstep over a socket, without a machine between them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.lockstep.exchange import Exchange, HarnessError
from lab.lockstep.link import SocketLink
from tests.lab.lockstep.guest_double import LockstepGuest


def run(
    folder: Path, ticks: int, spoil: bool = False, may: Callable[[int], bool] = lambda _: True
) -> tuple[int, LockstepGuest]:
    here, there = folder / "exchange", folder / "guest"
    alive: list[LockstepGuest] = []
    exchange = Exchange(SocketLink(here, there), lambda: not alive or alive[0].is_alive(), may)
    guest = LockstepGuest(there, here, spoil)
    alive.append(guest)
    guest.start()
    try:
        return exchange.run(ticks, 5, lambda _: None), guest
    finally:
        exchange.close()


def test_every_tick_gets_its_order_and_every_packet_comes_twice(tmp_path: Path) -> None:
    right, guest = run(tmp_path, 40)
    assert right == 40
    assert guest.arbiter.malformed == guest.orders.refused == 0
    assert guest.arbiter.duplicates >= 2 * 40
    assert not guest.books.touched


def test_an_order_that_differs_by_a_bit_ends_it_and_both_are_shown(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"order 1 is 4f[0-9a-f]{104} instead of 4f[0-9a-f]{104}"):
        run(tmp_path, 3, spoil=True)


def test_a_tick_comes_when_it_may_and_is_asked_for_until_then(tmp_path: Path) -> None:
    asked: list[int] = []

    def may(number: int) -> bool:
        asked.append(number)
        return number != 1 or asked.count(1) == 3

    right, _ = run(tmp_path, 3, may=may)
    assert right == 3
    assert asked == [0, 1, 1, 1, 2]


def test_a_guest_that_never_logs_in_is_named(tmp_path: Path) -> None:
    exchange = Exchange(SocketLink(tmp_path / "a", tmp_path / "b"), lambda: True)
    try:
        with pytest.raises(HarnessError, match=r"the guest did not log in within 0\.05 s"):
            exchange.run(1, 0.05, lambda _: None)
    finally:
        exchange.close()
