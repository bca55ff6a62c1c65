"""The fast path of order entry may only accept: with it and without it, everybody is told the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.account import Account
from exchange.login import Login
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import GarbageError, OrderEntry
from tests.exchange.conftest import feed
from tests.exchange.ouch_wire import NOW, cancel, enter, firm_request, modify, option, replace

FIRMS = ("HFTX", "HFTY")


@dataclass
class Side:
    """A market with two accounts that take the fast path, or not."""

    fast: bool
    market: Market = field(init=False)
    entries: list[OrderEntry] = field(init=False)
    garbage: int = 0

    def __post_init__(self) -> None:
        self.market = Market(Publisher("S", []))
        for symbol in ("AAPL", "MSFT"):
            self.market.list_symbol(symbol)
        self.entries = []
        for number, firm in enumerate(FIRMS):
            account = Account(Login(f"U{number}", "p", firm), "S", lambda *_: None)
            entry = OrderEntry(account, self.market)
            entry.fast = self.fast
            self.entries.append(entry)

    def take(self, number: int, message: bytes, now: int) -> None:
        try:
            self.entries[number].on_message(message, now)
        except GarbageError:
            self.garbage += 1

    def said(self) -> list[list[bytes]]:
        streams = [stream.read(1) for entry in self.entries for stream in (entry.account.stream, entry.account.copies)]
        return [*streams, feed(self.market)]


refs = st.integers(0, 12)
prices = st.sampled_from((0, 1, 1_499_900, 1_500_000, 1_500_100, 1_999_999_900, 1_999_999_901, 2_000_000_000, 2**33))
quantities = st.sampled_from((0, 1, 99, 100, 500, 999_999, 1_000_000, 2**32 - 1))
options = st.sampled_from((b"", b"", b"", option(12, b"P"), option(28, b"\1"), option(5, b"\0\0\0\x64"), b"\2\x0c?"))
requests = st.one_of(
    st.builds(
        enter,
        refs,
        st.sampled_from("BSTEX"),
        quantities,
        st.sampled_from(("AAPL", "MSFT", "NOPE", "AAPL\0")),
        prices,
        tif=st.sampled_from("0356E9"),
        display=st.sampled_from("YNAZ"),
        capacity=st.sampled_from("APROX"),
        iso=st.sampled_from("NNY?"),
        cross=st.sampled_from("NNNOR"),
        cl_ord_id=st.sampled_from((b"ID            ", b"\xff             ", bytes(14))),
        options=options,
    ),
    # Mostly plain, so that books fill and orders meet.
    st.builds(
        enter, refs, st.sampled_from("BST"), st.just(100), st.just("AAPL"), st.sampled_from((1_500_000, 1_500_100))
    ),
    st.builds(
        replace,
        refs,
        refs,
        quantities,
        prices,
        st.builds(lambda a, b, c: f"{a}{b}{c}".encode(), *map(st.sampled_from, ("035E6", "YNAZ", "NNNY"))),
        options,
    ),
    st.builds(cancel, refs, quantities, st.sampled_from((None, b"", option(28, b"\1")))),
    st.builds(modify, refs, st.sampled_from("BST"), quantities),
    st.builds(firm_request, st.sampled_from("CDE"), refs),
    st.binary(max_size=50),
)


@settings(deadline=None, max_examples=150)
@given(flow=st.lists(st.tuples(st.integers(0, 1), requests), max_size=40), day=st.sampled_from(("", "OSQ", "OSQM")))
def test_both_paths_give_the_same_answers(flow: list[tuple[int, bytes]], day: str) -> None:
    sides = Side(fast=True), Side(fast=False)
    for side in sides:
        for code in day:
            side.market.system_event(code, NOW)
        for step, (number, message) in enumerate(flow):
            side.take(number, message, NOW + step)
    assert sides[0].said() == sides[1].said()
    assert sides[0].garbage == sides[1].garbage
    assert [entry.last_refs for entry in sides[0].entries] == [entry.last_refs for entry in sides[1].entries]


def test_the_fast_path_is_taken() -> None:
    side = Side(fast=True)
    decoded: list[bytes] = []
    for entry in side.entries:
        entry.table.on_message = lambda data, now: decoded.append(data)  # type: ignore[method-assign]
    for message in (enter(1, "S", 300), replace(1, 2, 200), cancel(2, 150)):
        side.take(0, message, NOW)
    side.take(1, enter(1, "B", 100, tif="3"), NOW)
    assert decoded == []
    assert [message[:1] for message in side.entries[0].account.stream.read(1)] == [b"A", b"U", b"C", b"E"]
    side.take(0, modify(2, "S", 10), NOW)
    assert decoded == [modify(2, "S", 10)]
