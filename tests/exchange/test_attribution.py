"""Who did what: complete, the same market as without it, and in the form that surveillance reads."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from exchange.account import Account
from exchange.flow.attribution import HOUSE_ACCOUNTS, AttributedEvent, AttributedMarket, AttributionLog
from exchange.login import Login
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry
from store.surveillance import attribution_file
from store.surveillance.events import BY_OWNER, KINDS, OrderEvent, Quote, Trade
from tests.exchange.attributed import Attributed
from tests.exchange.conftest import Client, option
from tests.exchange.test_agents import World, feed


@pytest.fixture(scope="module")
def attributed() -> Attributed:
    return Attributed("spoof:every=2", "wash:every=2,symbol=MSFT", "ladder:every=3", seconds=5)


def test_the_market_is_the_same_as_without_it(attributed: Attributed, tmp_path: Path) -> None:
    plain = World(tmp_path, "spoof:every=2", "wash:every=2,symbol=MSFT", "ladder:every=3", seconds=5)
    mine = list(feed(attributed.market))
    assert mine == plain.bytes[: len(mine)]
    assert len(plain.bytes) - len(mine) <= 1, "that one says that the market has closed"


def test_orders_and_what_became_of_them_add_up_to_the_books(attributed: Attributed) -> None:
    left: dict[int, int] = defaultdict(int)
    whose: dict[int, set[str]] = defaultdict(set)
    for one in attributed.orders:
        whose[one.ref].add(one.account)
        if one.event == "replaced":
            left.pop(one.replaces)
            whose[one.ref] |= whose[one.replaces]
        left[one.ref] += one.shares if one.event in ("entered", "replaced") else -one.shares
    books = attributed.market.engine.books.values()
    resting = {
        order.ref: order.open_shares()
        for book in books
        for side in (book.bids, book.asks)
        for level in side
        for order in level
    }
    assert {ref: shares for ref, shares in left.items() if shares} == resting
    assert all(len(accounts) == 1 for accounts in whose.values()), "an order stays in its account, replaced or not"


def test_accounts_and_owners(attributed: Attributed) -> None:
    owners = {one.account: one.owner for one in attributed.orders}
    house = {account for account in owners if account[0] == "H"}
    assert HOUSE_ACCOUNTS / 2 < len(house) <= HOUSE_ACCOUNTS
    assert all(owners[account] == account for account in house)
    assert owners["A002"] == owners["X002"] != owners["A001"]
    for label in attributed.labels:
        assert {one.account for one in attributed.orders if one.ref in label.orders} <= set(label.firms)


def test_quotes_are_the_best_prices_after_each_operation(attributed: Attributed) -> None:
    last: dict[str, tuple[int, ...]] = {}
    for kind, *values in attributed.told:
        if kind == "quote":
            assert last.get(values[1]) != tuple(values[2:]), "only changes are told"
            last[values[1]] = tuple(values[2:])
    for symbol, (bid, bid_shares, ask, ask_shares) in last.items():
        book = attributed.market.book(symbol)
        best = book.bids.best_displayed(), book.asks.best_displayed()
        assert best[0] is not None
        assert best[1] is not None
        assert (bid, bid_shares, ask, ask_shares) == (
            best[0].price,
            best[0].shares,
            best[1].price,
            best[1].shares,
        )


def test_the_file_is_what_surveillance_reads(attributed: Attributed, tmp_path: Path) -> None:
    path = tmp_path / "attribution.jsonl"
    with AttributionLog(path) as log:
        for kind, *values in attributed.told[:500]:
            if kind == "order":
                log.order(AttributedEvent(*values))
            else:
                getattr(log, kind)(*values)
    made = {"order": OrderEvent, "quote": Quote, "trade": Trade}
    wanted = [made[kind](*values) for kind, *values in attributed.told[:500]]
    assert list(attribution_file.read(path)) == wanted
    assert {one.event for one in attributed.orders} <= set(KINDS)
    assert AttributedEvent._field_defaults["reason"] == BY_OWNER
    assert json.loads(path.read_text().splitlines()[0])[0] == "order"


def test_clients_have_the_account_of_their_login_and_the_owner_of_their_firm() -> None:
    told: list[AttributedEvent] = []

    class Keep:
        def order(self, event: AttributedEvent) -> None:
            told.append(event)

        def quote(self, *quote: object) -> None: ...

        def trade(self, *trade: object) -> None: ...

    market = AttributedMarket(Keep(), Publisher("TEST", []))
    market.list_symbol("AAPL")
    clients = [
        Client(OrderEntry(Account(Login(user, "x", firm), "TEST", lambda *_: None), market))
        for user, firm in (("HFT1", "HFTX"), ("HFT2", "HFTX"), ("HFT3", "HFTY"))
    ]
    clients[0].enter(1, "S", 100)
    clients[1].enter(1, "B", 60)
    clients[2].enter(1, "B", 10, price=1)
    clients[0].modify(1, "S", 90)
    clients[0].replace(1, 2, 80)
    clients[0].cancel(2)
    clients[0].enter(3, "S", 100, options=option(29, b"D"))
    clients[0].enter(4, "B", 40, options=option(29, b"D"))
    assert [(one.event, one.account, one.owner, one.side, one.shares, one.reason) for one in told] == [
        ("entered", "HFT1", "HFTX", "S", 100, "U"),
        ("entered", "HFT2", "HFTX", "B", 60, "U"),
        ("executed", "HFT1", "HFTX", "S", 60, "U"),
        ("executed", "HFT2", "HFTX", "B", 60, "U"),
        ("entered", "HFT3", "HFTY", "B", 10, "U"),
        ("reduced", "HFT1", "HFTX", "S", 10, "U"),
        ("replaced", "HFT1", "HFTX", "S", 20, "U"),
        ("reduced", "HFT1", "HFTX", "S", 20, "U"),
        ("entered", "HFT1", "HFTX", "S", 100, "U"),
        ("entered", "HFT1", "HFTX", "B", 40, "U"),
        ("reduced", "HFT1", "HFTX", "S", 40, "Q"),
        ("reduced", "HFT1", "HFTX", "B", 40, "Q"),
    ]
