"""Cancel on disconnect, in virtual time: who loses its orders, when, and what it is told."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from exchange.clock import SECOND
from exchange.disconnect import DisconnectGuard
from exchange.market import Market
from exchange.order_entry import OrderEntry
from tests.exchange.conftest import feed, standing

if TYPE_CHECKING:
    from tests.exchange.conftest import Client

START = 34_200 * SECOND
GRACE = 5 * SECOND


def cancel(entry: OrderEntry, now: int) -> int:
    """As the exchange does it, at a time of day that follows the monotonic one."""
    return entry.cancel_all(START + now, "Z")


@pytest.fixture
def guard() -> DisconnectGuard:
    return DisconnectGuard(GRACE, cancel)


def test_orders_go_when_the_grace_time_is_over_and_not_before(
    guard: DisconnectGuard, client: Client, other: Client, market: Market
) -> None:
    client.enter(1, "S", 300)
    other.enter(1, "B", 100)
    other.enter(2, "B", 100, price=1_000_000)
    client.news()
    seen = len(market.publisher)
    guard.disconnected(client.entry, SECOND)
    assert guard.next_deadline() == 6 * SECOND
    guard.advance(6 * SECOND - 1)
    assert client.news() == []
    guard.advance(6 * SECOND)
    assert client.news() == [struct.pack(">cQIIc", b"C", START + 6 * SECOND, 1, 200, b"Z")]
    assert [message[:1] for message in feed(market, seen + 1)] == [b"D"]
    assert standing(market) == [2], "the other's stay"
    assert guard.next_deadline() is None
    guard.advance(60 * SECOND)
    assert client.news() == []


def test_a_login_that_is_back_in_time_keeps_its_orders(guard: DisconnectGuard, client: Client) -> None:
    client.enter(1)
    guard.disconnected(client.entry, 0)
    guard.connected(client.entry)
    assert guard.next_deadline() is None
    guard.disconnected(client.entry, 4 * SECOND)
    guard.advance(8 * SECOND)
    assert client.news() == [], "the count begins anew"
    guard.advance(9 * SECOND)
    assert [message[:1] for message in client.news()] == [b"C"]


def test_each_login_has_its_own_time(guard: DisconnectGuard, client: Client, other: Client, market: Market) -> None:
    client.enter(1)
    other.enter(1)
    guard.disconnected(client.entry, 0)
    guard.disconnected(other.entry, SECOND)
    assert guard.next_deadline() == GRACE
    guard.advance(GRACE)
    assert guard.next_deadline() == GRACE + SECOND
    assert len(standing(market)) == 1
    guard.advance(GRACE + SECOND)
    assert standing(market) == []


def test_without_a_grace_time_orders_stay(client: Client, market: Market) -> None:
    guard = DisconnectGuard(None, cancel)
    client.enter(1)
    guard.disconnected(client.entry, 0)
    assert guard.next_deadline() is None
    guard.advance(86_400 * SECOND)
    assert len(standing(market)) == 1


def test_a_login_without_orders_is_told_nothing(guard: DisconnectGuard, client: Client) -> None:
    client.enter(1)
    client.cancel(1)
    guard.disconnected(client.entry, 0)
    guard.advance(GRACE)
    assert client.news() == []
