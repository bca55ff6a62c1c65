"""Replay of ITCH files: the real slice, and made-up files for what the slice does not hold."""

from collections import Counter
from pathlib import Path

import pytest

from exchange.flow.replay import Replay, ReplayError, survey
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.orders import limit_order
from protocols import binaryfile, itch50
from protocols.order_book import OrderBooks

HEAD = {"stock_locate": 7, "tracking_number": 3}


def add(ref: int, side: str, shares: int, price: int, time: int = 10, stock: str = "XYZ") -> bytes:
    return itch50.AddOrder(
        **HEAD,
        timestamp=time,
        order_reference_number=ref,
        buy_sell_indicator=side,
        shares=shares,
        stock=stock,
        price=price,
    ).encode()


def delete(ref: int, time: int = 20) -> bytes:
    return itch50.OrderDelete(**HEAD, timestamp=time, order_reference_number=ref).encode()


def cancel(ref: int, shares: int) -> bytes:
    return itch50.OrderCancel(**HEAD, timestamp=20, order_reference_number=ref, cancelled_shares=shares).encode()


def execute(ref: int, shares: int) -> bytes:
    return itch50.OrderExecuted(
        **HEAD, timestamp=20, order_reference_number=ref, executed_shares=shares, match_number=5
    ).encode()


def replace(old: int, new: int, shares: int, price: int) -> bytes:
    return itch50.OrderReplace(
        **HEAD,
        timestamp=20,
        original_order_reference_number=old,
        new_order_reference_number=new,
        shares=shares,
        price=price,
    ).encode()


def feed_of(market: Market) -> list[bytes]:
    return market.publisher.read(1, market.publisher.next_sequence)


def play(
    messages: list[bytes], client: tuple[int, bool, int, int] | None = None
) -> tuple[Market, Replay, list[itch50.ItchMessage]]:
    """Replay messages, a client's order (ref, buy, shares, price) already on the book; returns what is then new."""
    market = Market(Publisher("TEST", []))
    for symbol, locate in survey(messages).locates.items():
        market.list_symbol(symbol, locate)
    if client is not None:
        ref, buy, shares, price = client
        market.enter(limit_order(market.book("XYZ"), buy, shares, price, ref), 1)
    replay = Replay(market, messages)
    replay.start(0)
    while replay.next_time() is not None:
        replay.step()
    return market, replay, [itch50.decode(data) for data in feed_of(market)]


def test_the_real_slice_gives_at_least_a_message_each(real_slice: Path) -> None:
    messages = list(binaryfile.read(real_slice))
    market = Market(Publisher("TEST", []))
    for symbol, locate in survey(messages).locates.items():
        market.list_symbol(symbol, locate)
    replay = Replay(market, messages)
    replay.start(0)
    for data in messages:
        assert replay.next_time() == int.from_bytes(data[5:11], "big")
        before = market.publisher.next_sequence
        replay.step()
        assert market.publisher.next_sequence > before, data.hex()
    assert replay.next_time() is None
    counters = replay.counters()
    assert counters["messages"] == 1000
    assert counters["unknown_references"] == 394
    assert counters["refused"] == counters["gone_references"] == 0
    assert counters["by_type"] == dict(Counter(chr(data[0]) for data in messages))
    books = OrderBooks()
    for data in feed_of(market):
        books.apply(itch50.decode(data))
    assert books.unknown_references == 394
    for symbol in market.directory.listings:
        assert books.view(symbol) == market.book(symbol).view()


def test_the_survey_of_the_real_slice(real_slice: Path) -> None:
    found = survey(binaryfile.read(real_slice))
    assert (found.messages, found.first_time, found.opens_market) == (1000, 34_200_000_000_230, True)
    assert found.locates["QQQ"] == 6556
    assert found.locates["ROKU"] == 6815, "named by a trade only"
    assert found.highest_reference < 1 << 32


def test_orders_keep_reference_locate_and_time() -> None:
    messages = [add(1, "B", 100, 10_000, 11), add(2, "S", 100, 10_100, 12), cancel(1, 30), delete(2, 25)]
    _, _, feed = play(messages)
    assert [message.encode()[5:] for message in feed] == [data[5:] for data in messages]
    assert {message.stock_locate for message in feed} == {7}


def test_executions_trade_by_price_time_priority() -> None:
    _, replay, feed = play([add(1, "B", 100, 10_000), execute(1, 40), execute(1, 60)])
    first, second = feed[1:]
    assert isinstance(first, itch50.OrderExecuted)
    assert isinstance(second, itch50.OrderExecuted)
    assert [first.executed_shares, second.executed_shares] == [40, 60]
    assert replay.counters()["executions"] == 2


def test_a_client_ahead_in_the_queue_trades_first() -> None:
    client = (1 << 33, True, 30, 10_000)
    market, replay, feed = play([add(1, "B", 100, 10_000), execute(1, 100), delete(1)], client)
    executed = [message for message in feed if isinstance(message, itch50.OrderExecuted)]
    assert [(e.order_reference_number, e.executed_shares) for e in executed] == [(1 << 33, 30), (1, 70)]
    assert market.book("XYZ").view() == {"bids": [], "asks": []}
    assert replay.counters()["gone_references"] == 0


def test_crossed_rows_match_and_what_is_gone_is_published_as_it_is() -> None:
    late = [delete(1), replace(1, 3, 100, 10_000), cancel(3, 10)]
    _, replay, feed = play([add(1, "B", 100, 10_000), add(2, "S", 100, 9_900), *late])
    assert [message.TYPE for message in feed] == list("AEDUX")
    assert [message.encode() for message in feed[2:]] == late
    assert replay.counters()["gone_references"] == 2
    assert replay.counters()["orphaned_references"] == 1


def test_a_replace_brings_the_files_new_reference() -> None:
    market, replay, feed = play([add(1, "B", 100, 10_000), replace(1, 2, 300, 10_050), cancel(2, 100)])
    assert [message.TYPE for message in feed] == list("AUX")
    assert market.book("XYZ").view()["bids"] == [[10_050, 200, 1]]
    assert replay.counters()["replaces"] == 1


def test_unknown_references_are_published_and_touch_no_book() -> None:
    unknown = [delete(90), execute(91, 5), replace(92, 93, 100, 10_000), delete(93)]
    market, replay, feed = play([add(1, "B", 100, 10_000), *unknown])
    assert [message.encode() for message in feed[1:]] == unknown
    assert market.book("XYZ").view()["bids"] == [[10_000, 100, 1]]
    assert (replay.counters()["unknown_references"], replay.counters()["orphaned_references"]) == (3, 1)


def test_orders_that_are_done_are_forgotten() -> None:
    done = [add(1, "B", 100, 10_000), execute(1, 100), add(2, "B", 100, 10_000), cancel(2, 100), add(3, "S", 5, 20_000)]
    _, replay, feed = play([*done, delete(3), add(4, "S", 9, 20_000), replace(4, 5, 9, 20_100)])
    assert [message.TYPE for message in feed] == list("AEADADAU")
    assert list(replay._orders) == [5]


def test_attributed_orders_show_who_they_are_of_through_replaces() -> None:
    data = itch50.AddOrderMpid(
        **HEAD,
        timestamp=10,
        order_reference_number=1,
        buy_sell_indicator="B",
        shares=100,
        stock="XYZ",
        price=10_000,
        attribution="MMKA",
    ).encode()
    _, _, feed = play([data, add(2, "S", 50, 11_000), replace(1, 3, 100, 11_000)])
    assert feed[0].encode()[5:] == data[5:]
    assert [message.TYPE for message in feed] == list("FADEF"), "the rest of a replace that trades is a new add"
    assert isinstance(feed[4], itch50.AddOrderMpid)
    assert (feed[4].attribution, feed[4].order_reference_number, feed[4].shares) == ("MMKA", 3, 50)


def test_a_reference_added_twice_is_refused() -> None:
    _, replay, feed = play([add(1, "B", 100, 10_000), add(1, "B", 100, 10_000)])
    assert len(feed) == 1
    assert replay.counters()["refused"] == 1


def test_only_the_opening_is_taken_from_the_files_system_events() -> None:
    events = [
        itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=30 + n, event_code=code).encode()
        for n, code in enumerate("OSQMEC")
    ]
    _, _, feed = play([add(1, "B", 100, 10_000), *events])
    assert [message.encode() for message in feed[1:]] == [events[2]]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([b"A" * 12], "message 1 is not ITCH 5.0"),
        ([add(1, "B", 1, 1), add(2, "B", 1, 1)[:1] + b"\0\x09" + add(2, "B", 1, 1)[3:]], "locate 9 after 7"),
        ([], "no message"),
    ],
)
def test_a_file_that_cannot_be_replayed(messages: list[bytes], text: str) -> None:
    with pytest.raises(ReplayError, match=text):
        survey(messages)
