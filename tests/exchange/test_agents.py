"""Agents on command: what they do to the market is what they say they did."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.clock import MARKET_OPEN, SECOND
from exchange.flow.agents import KINDS, Agent, AgentError, build_agents, describe, parse_agent
from exchange.flow.generator import Generator
from exchange.flow.labels import Label, Labels, read
from exchange.flow.merge import Merged
from exchange.market import Market
from exchange.market_data import Publisher
from protocols import itch50

SYMBOLS = ("AAPL", "MSFT", "XYZ")
MS = 1_000_000


class World:
    """A market with the generated flow and agents; ``labels`` are those of the agents, ``feed`` what was published."""

    def __init__(self, folder: Path, *asked: str, seconds: float = 25, seed: int = 1, rate: float = 500) -> None:
        self.market = Market(Publisher("TEST", []))
        for symbol in SYMBOLS:
            self.market.list_symbol(symbol)
        path = folder / "labels.jsonl"
        with Labels(path) as labels:
            self.agents = build_agents(self.market, [parse_agent(text) for text in asked], seed, labels)
            flow = Merged({"generated": Generator(self.market, SYMBOLS, rate, seed), **self.agents})
            flow.start(MARKET_OPEN)
            while (time := flow.next_time()) is not None and time < MARKET_OPEN + seconds * SECOND:
                flow.step()
            self.market.system_event("M", MARKET_OPEN + int(seconds * SECOND))
        self.labels = read(path)
        self.bytes = list(feed(self.market))
        self.messages = [itch50.decode(data) for data in self.bytes]

    def life(self, ref: int) -> tuple[itch50.AddOrder | None, int | None, int]:
        """Of an order on the feed: how it was added, when it went (`D`), and the shares it traded."""
        added, gone, traded = None, None, 0
        for message in self.messages:
            if getattr(message, "order_reference_number", None) != ref:
                continue
            if isinstance(message, itch50.AddOrder):
                added = message
            elif isinstance(message, itch50.OrderDelete):
                gone = message.timestamp
            elif isinstance(message, itch50.OrderExecuted):
                traded += message.executed_shares
        return added, gone, traded

    def execution(self, match: int) -> itch50.OrderExecuted:
        return next(m for m in self.messages if isinstance(m, itch50.OrderExecuted) and m.match_number == match)


def feed(market: Market) -> Iterator[bytes]:
    number = 1
    while number < market.publisher.next_sequence:
        batch = market.publisher.read(number, 1000)
        yield from batch
        number += len(batch)


def pressure(label: Label) -> list[int]:
    return [ref for ref in label.orders if ref not in label.genuine]


@pytest.mark.parametrize(("asked", "orders"), [("spoof:symbol=AAPL,every=6", 1), ("layer:symbol=AAPL,every=6", 5)])
def test_pressure_stands_away_goes_within_milliseconds_of_the_fill_and_does_not_trade(
    tmp_path: Path, asked: str, orders: int
) -> None:
    world = World(tmp_path, asked)
    filled = [label for label in world.labels if label.matches]
    assert len(world.labels) == 4
    assert len(filled) >= 3, "the genuine order trades"
    for label in filled:
        assert len(pressure(label)) == orders
        trade = world.execution(label.matches[0])
        assert trade.order_reference_number in label.genuine
        prices = set()
        for ref in pressure(label):
            added, gone, traded = world.life(ref)
            assert added is not None
            assert gone is not None
            assert added.buy_sell_indicator != label.side
            assert added.shares >= 10 * label.filled
            assert traded == 0
            assert added.timestamp < trade.timestamp < gone < trade.timestamp + (4 + orders) * MS
            prices.add(added.price)
        assert len(prices) == orders
        assert label.start <= trade.timestamp <= label.end


def test_the_spoofers_genuine_order_is_on_its_side_and_small(tmp_path: Path) -> None:
    world = World(tmp_path, "spoof:symbol=MSFT,side=S,genuine=70,size=9000,orders=2,away=5,every=8")
    assert {label.side for label in world.labels} == {"S"}
    for label in world.labels:
        genuine, _, _ = world.life(label.genuine[0])
        assert genuine is not None
        assert (genuine.buy_sell_indicator, genuine.shares) == ("S", 70)
        adds = [world.life(ref)[0] for ref in pressure(label)]
        assert [(add.buy_sell_indicator, add.shares) for add in adds if add] == [("B", 9000)] * 2
        assert all(add.price < genuine.price - 500 for add in adds if add)
    assert -70 * len(world.labels) <= world.agents["spoof1"].accounts[0].position < 0


def test_pressure_goes_too_when_the_genuine_order_does_not_trade(tmp_path: Path) -> None:
    # No flow but the opening books: nobody takes.
    world = World(tmp_path, "spoof:symbol=AAPL,hold=2,every=5,count=1", seconds=10, rate=0.001)
    (label,) = world.labels
    assert (label.matches, label.filled, label.complete) == ([], 0, True)
    assert label.end - label.start == pytest.approx(2 * SECOND, abs=10 * MS)
    assert all(world.life(ref)[1] is not None for ref in label.orders)
    assert world.agents["spoof1"].next_time() is None, "one episode was asked for"


def test_the_washer_trades_with_itself_and_gains_no_position(tmp_path: Path) -> None:
    world = World(tmp_path, "wash:symbol=XYZ,size=300,trades=2,every=4")
    first, second = world.agents["wash1"].accounts
    assert first.owner != second.owner
    assert first.firm != second.firm
    assert first.party.firm != second.party.firm
    assert first.party.organisation == second.party.organisation, "one beneficial owner"
    assert len(world.labels) == 6
    own = [match for label in world.labels for match in label.self_matches]
    assert len(own) >= 10, "the market seldom comes in between"
    for match in own:
        trade = world.execution(match)
        assert trade.order_reference_number in {ref for label in world.labels for ref in label.orders}
    clean = [label for label in world.labels if label.matches == label.self_matches]
    assert {label.filled for label in clean} == {600}
    assert abs(first.position + second.position) <= 300 * (len(world.labels) - len(clean))


def test_the_quoter_stands_on_both_sides_and_withdraws(tmp_path: Path) -> None:
    world = World(tmp_path, "quote:symbol=AAPL,hold=5,every=6,size=200")
    assert [label.honest for label in world.labels] == [True] * 4
    for label in world.labels:
        sides = {added.buy_sell_indicator for ref in label.orders if (added := world.life(ref)[0]) is not None}
        assert sides == {"B", "S"}
        assert label.filled > 0
        assert label.end - label.start == 5 * SECOND
    account = world.agents["quote1"].accounts[0]
    assert abs(account.position) <= 1200


def test_the_taker_takes_its_size_in_slices(tmp_path: Path) -> None:
    world = World(tmp_path, "take:symbol=MSFT,side=B,size=400,slices=4,gap=200,every=5")
    assert len(world.labels) == 5
    for label in world.labels:
        assert (label.side, label.honest) == ("B", True)
        assert label.filled <= 400
        assert len(label.orders) <= 4
        assert label.end - label.start == 3 * 200 * MS
        assert not {ref for ref in label.orders if world.life(ref)[0] is not None}, "it never rests"
    assert world.agents["take1"].accounts[0].position == sum(label.filled for label in world.labels) > 1200


def test_a_day_that_ends_within_an_episode_labels_it_as_incomplete(tmp_path: Path) -> None:
    world = World(tmp_path, "quote:symbol=AAPL,at=1,hold=60", seconds=3)
    (label,) = world.labels
    assert (label.complete, label.start, label.end) == (False, MARKET_OPEN + SECOND, MARKET_OPEN + 3 * SECOND)
    assert world.agents["quote1"].next_time() is None


def test_every_agent_has_accounts_firms_and_labels_of_its_own(tmp_path: Path) -> None:
    world = World(tmp_path, *KINDS, "spoof:symbol=XYZ", seconds=12)
    owners = [owner for agent in world.agents.values() for owner in agent.owners]
    firms = [firm for agent in world.agents.values() for firm in agent.owners.values()]
    assert len(set(owners)) == len(owners) == len(set(firms)) == len(KINDS) + 3, (
        "two kinds have two accounts, one kind is there twice"
    )
    assert {label.kind for label in world.labels} == set(KINDS)
    assert len({label.id for label in world.labels}) == len(world.labels)
    honest = {label.kind for label in world.labels if label.honest}
    assert honest == {"quote", "take", "scale", "ladder", "meet", "guard", "build"}
    refs = [ref for label in world.labels for ref in label.orders]
    assert len(set(refs)) == len(refs), "an order belongs to one episode"


def test_agents_are_reproducible(tmp_path: Path) -> None:
    runs = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        runs.append(World(tmp_path / name, "spoof:every=3", "wash:every=3,symbol=MSFT", "quote", seconds=6, seed=seed))
    assert runs[0].bytes == runs[1].bytes
    assert runs[0].labels == runs[1].labels
    assert runs[0].bytes != runs[2].bytes


def test_the_first_listed_symbol_is_the_default() -> None:
    market = Market(Publisher("TEST", []))
    market.list_symbol("MSFT")
    agents = build_agents(market, [parse_agent("take")], 1, Labels())
    assert agents["take1"].counters() == {"kind": "take", "symbol": "MSFT", "episodes": 0, "positions": {"A001": 0}}


def test_an_agent_in_a_market_without_orders_does_nothing(tmp_path: Path) -> None:
    market = Market(Publisher("TEST", []))
    market.list_symbol("AAPL")
    labels = Labels()
    agents: dict[str, Agent] = build_agents(
        market, [parse_agent(f"{kind}:count=1,every=1") for kind in KINDS], 1, labels
    )
    flow = Merged(agents)
    flow.start(0)
    while (time := flow.next_time()) is not None and time < 30 * SECOND:
        flow.step()
    assert labels.counts == {}
    assert market.publisher.next_sequence == 1


def test_values_are_read_in_their_units() -> None:
    spec = parse_agent("spoof:symbol=AAPL,at=30,every=0.5,size=5000,react=1.5")
    assert spec.kind == "spoof"
    assert spec.values["symbol"] == "AAPL"
    assert (spec.values["at"], spec.values["every"]) == (30 * SECOND, SECOND // 2)
    assert (spec.values["size"], spec.values["react"]) == (5000, 3 * MS // 2)
    assert spec.values["hold"] == 8 * SECOND, "the default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sproof", "unknown agent 'sproof' in 'sproof': give one of quote, take, spoof, layer, wash"),
        ("", "unknown agent ''"),
        ("spoof:", "nothing after the colon of 'spoof:'"),
        ("spoof:size", "'size' in 'spoof:size': give key=value with one of symbol, at,"),
        ("spoof:levels=3", "'levels=3' in 'spoof:levels=3': give key=value"),
        ("spoof:size=5,size=6", "size is given twice"),
        ("spoof:size=0", r"size=0 in 'spoof:size=0': give 1 to 999999 \(shares\)"),
        ("spoof:size=many", "size=many in 'spoof:size=many': give a whole number"),
        ("spoof:size=-1", "size=-1 in 'spoof:size=-1': give a whole number"),
        ("spoof:at=soon", "at=soon in 'spoof:at=soon': give a number"),
        ("spoof:at=nan", r"at=nan in 'spoof:at=nan': give 0 to 86400 \(seconds\)"),
        ("spoof:every=0", r"give 0.001 to 86400 \(seconds\)"),
        ("take:side=up", "side=up in 'take:side=up': give one of B, S, both"),
        ("take:symbol=aapl", "symbol=aapl in 'take:symbol=aapl': unknown symbol 'aapl'"),
    ],
)
def test_a_wrong_command_names_the_value_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(AgentError, match=message):
        parse_agent(text)


def test_a_symbol_that_is_not_listed() -> None:
    market = Market(Publisher("TEST", []))
    market.list_symbol("MSFT")
    with pytest.raises(AgentError, match="spoof: symbol 'AAPL' is not listed; list it, or give one of: MSFT"):
        build_agents(market, [parse_agent("spoof:symbol=AAPL")], 1, Labels())


@given(st.text(alphabet="spooftake:=,.0123456789BSsymbolize-\x00é", max_size=40))
def test_any_text_is_read_or_refused_with_its_own_error(text: str) -> None:
    try:
        assert parse_agent(text).kind in KINDS
    except AgentError as error:
        assert repr(text) in str(error)


def test_the_help_names_every_kind_and_key() -> None:
    text = describe()
    for name, kind in KINDS.items():
        assert name in text
        assert all(f"{one.name}=" in text for one in kind.PARAMETERS)


def test_orders_that_the_market_refuses_are_not_claimed() -> None:
    market = Market(Publisher("TEST", []))
    market.list_symbol("AAPL")
    account = build_agents(market, [parse_agent("quote")], 1, Labels())["quote1"].accounts[0]
    book = market.book("AAPL")
    kept = account.enter(book, True, 100, 1_000_000, 1)
    assert account.enter(book, True, 100, 0, 2).level is None
    assert account.move(kept, 0, 3) is kept
    moved = account.move(kept, 1_000_100, 4)
    assert account.orders == [kept.ref, moved.ref]
    assert book.view() == {"bids": [[1_000_100, 100, 1]], "asks": []}
    assert list(account.resting.values()) == [moved]
