"""A trader at two venues: what happens at one of them does not keep it from the other, and leaves nothing behind."""

from ipaddress import IPv4Address
from typing import Any

import pytest

from hftapp import config, records
from hftapp.channel import Channel
from hftapp.clock import Clock, manual
from hftapp.records import Rings
from hftapp.trader import assembly, breaker
from hftapp.trader.loop import CONNECTING, TRADING, Trader
from hftapp.wire import Wire
from protocols import itch50, mold, ouch50
from tests.hftapp.trader.conftest import SESSION, TOML, Floor, ScriptedExchange
from tests.hftapp.trader.test_loop import states

HERE, THERE = 24000, 24001
VENUES = """
[[venue]]
name = "NSDQ"
market_code = "Q"
a = "239.20.0.1:26401"
b = "239.20.0.2:26402"
port = 24000
maker_rebate = {here}
[[venue]]
name = "BX"
market_code = "B"
a = "239.20.1.1:26401"
b = "239.20.1.2:26402"
port = 24001
maker_rebate = {there}
[order_entry]"""


class Unreachable(Channel):
    """A connection that nobody answers."""

    def receive(self, _now: int) -> int:
        return 0

    def close(self, _now: int) -> None:
        self.closed = "closed here"


class BothExchanges(Wire):
    """One wire to two scripted exchanges, by the port of their gateways; `unreachable` are ports nobody answers at."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.count = 1
        self.exchanges = {HERE: ScriptedExchange(clock), THERE: ScriptedExchange(clock)}
        self.unreachable: set[int] = set()

    def rx(self, now: int) -> int:
        self.lines, self.frames = [], []
        for number, exchange in enumerate(self.exchanges.values()):
            exchange.rx(now)
            self.lines += [line + 2 * number for line in exchange.lines]
            self.frames += exchange.frames
        self.starts = [0] * len(self.frames)
        self.sizes = [len(data) for data in self.frames]
        return len(self.frames)

    def tick(self, now: int) -> None:
        pass

    def connect(self, host: IPv4Address, port: int, now: int) -> Channel:
        return Unreachable() if port in self.unreachable else self.exchanges[port].connect(host, port, now)

    def tx(self, now: int) -> None:
        pass

    def stats(self) -> dict[str, int]:
        return {"rx_frames": 0}

    def close(self, now: int) -> None:
        pass


class TwoVenues(Floor):
    """`exchange` and `bx`, with one trader; quotes rest at NSDQ unless BX's rebate is higher."""

    def __init__(self, here: int = 200, there: int = 100) -> None:
        self.clock = manual(1_000_000_000_000)
        self.both = BothExchanges(self.clock)
        self.exchange, self.bx = self.both.exchanges.values()
        self.rings = Rings()
        self.settings = config.parse(TOML.replace("[order_entry]", VENUES.format(here=here, there=there)))
        self.parts = assembly.build(self.settings, self.both, self.rings, self.clock, b"SCRIPTED")
        self.trader = Trader(self.parts)
        self.orders, self.market, self.desks = self.parts.orders, self.parts.market, self.parts.desks
        self.session = self.parts.sessions[0]

    def open_market(self) -> None:
        self.run(10)
        self.books()

    def books(self) -> None:
        """The same two-sided book at both, first where quotes rest, so that it is listed when the first one is due."""
        both = [(self.exchange, 1), (self.bx, 11)]
        for exchange, reference in reversed(both) if self.settings.venues[1].maker_rebate > 200 else both:
            exchange.event("Q")
            exchange.add(reference, "B", 500, 99_9000)
            exchange.add(reference + 1, "S", 500, 100_1000)
            self.run()

    def alive(self, milliseconds: int) -> None:
        """Let time pass, with heartbeats on both feeds."""
        for _ in range(milliseconds // 100):
            for exchange in self.both.exchanges.values():
                for line in (0, 1):
                    exchange.packets.append((line, mold.encode_heartbeat(SESSION, exchange.sequence)))
            self.wait(100)


def sides(exchange: ScriptedExchange) -> list[str]:
    """Sides of what is live there, a short sale being a sale."""
    return sorted("B" if order.side == "B" else "S" for order in exchange.live.values())


def cancels(exchange: ScriptedExchange) -> int:
    return sum(isinstance(message, ouch50.CancelOrder) for message in exchange.received)


def foreign(exchange: ScriptedExchange) -> Any:
    """The acceptance of an order of another run."""
    order = ouch50.EnterOrder(
        user_ref_num=50,
        side="B",
        quantity=100,
        symbol="AAPL",
        price=99_0000,
        time_in_force="0",
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id="OTHER",
    )
    return exchange.taken(order, ouch50.OrderAccepted)


def test_when_a_venue_ends_its_session_its_orders_are_gone_and_the_quotes_are_at_the_other() -> None:
    floor = TwoVenues()
    floor.open_market()
    assert (sides(floor.exchange), sides(floor.bx)) == (["B", "S"], [])
    floor.exchange.live.clear()
    floor.exchange.stream.end()
    floor.alive(300)
    assert (floor.trader.phase, sides(floor.bx)) == (TRADING, ["B", "S"])
    aapl = floor.market.instrument("AAPL")
    assert aapl is not None
    assert floor.orders.open_count == 2
    assert (aapl.exposed_buy, aapl.exposed_sell) == (100, 100)
    assert {order.venue for order in floor.open_orders()} == {1}


def test_an_order_of_another_run_does_not_outlive_the_session_it_was_entered_in() -> None:
    floor = TwoVenues()
    floor.run(10)
    floor.exchange.say(foreign(floor.exchange))
    floor.exchange.stream.end()
    floor.run(20)
    assert floor.orders.adopted_count == 1
    floor.books()
    floor.alive(300)
    assert (floor.orders.adopted_count, floor.parts.breaker.reasons) == (0, set())
    assert sides(floor.bx) == ["B", "S"]


def test_a_session_that_failed_may_have_live_orders() -> None:
    floor = TwoVenues()
    floor.open_market()
    floor.session.ready = False
    floor.session.failed, floor.session.over = True, "not available"
    floor.alive(300)
    assert [order.venue for order in floor.open_orders()][:2] == [0, 0]


def test_a_venue_that_has_closed_keeps_no_quote_and_gets_no_other() -> None:
    floor = TwoVenues(there=900)
    floor.open_market()
    assert (sides(floor.exchange), sides(floor.bx)) == ([], ["B", "S"])
    floor.bx.event("M")
    floor.alive(300)
    assert (sides(floor.exchange), sides(floor.bx)) == (["B", "S"], [])
    assert not floor.market.closed
    assert "BX has closed: quotes there are pulled" in states(floor)
    floor.exchange.event("M")
    floor.run()
    assert (floor.market.closed, sides(floor.exchange)) == (True, [])
    assert breaker.MARKET_CLOSED in floor.parts.breaker.reasons


def test_quotes_at_a_venue_that_closed_while_its_session_was_down_go_when_it_is_back() -> None:
    floor = TwoVenues(there=900)
    floor.open_market()
    channel = floor.bx.channel
    assert channel is not None
    floor.bx.server.connection_closed()
    channel.over("reset")
    floor.bx.event("M")
    floor.run(2)
    assert sides(floor.bx) == ["B", "S"]
    floor.alive(500)
    assert (sides(floor.exchange), sides(floor.bx)) == (["B", "S"], [])


def test_a_venue_that_cannot_be_reached_does_not_keep_it_from_the_other_for_ever() -> None:
    floor = TwoVenues(there=900)
    floor.both.unreachable.add(THERE)
    floor.open_market()
    floor.alive(9_000)
    assert (floor.trader.phase, sides(floor.exchange)) == (CONNECTING, [])
    floor.alive(1_500)
    assert (floor.trader.phase, sides(floor.exchange)) == (TRADING, ["B", "S"])
    said = states(floor)
    assert "trading without BX: no order session" in said
    assert "BX: order session down: no answer" in said
    floor.both.unreachable.clear()
    floor.alive(6_000)
    assert floor.parts.sessions[1].ready


def test_what_feeds_and_sessions_say_names_their_venue() -> None:
    floor = TwoVenues()
    floor.open_market()
    for _ in range(50):
        floor.heartbeat()
        floor.wait(100)
    assert any(text.startswith("BX: stale: no market data") for text in states(floor))


# One venue is enough for these.


@pytest.fixture
def halted(floor: Any) -> Any:
    """A symbol is halted, so that its quotes are pulled; the exchange does not hear of it, the connection breaks."""
    floor.open_market()
    floor.exchange.silent = True
    floor.exchange.publish(
        itch50.StockTradingAction(
            stock_locate=1, tracking_number=0, timestamp=1, stock="AAPL", trading_state="H", reserved=" ", reason="T1"
        )
    )
    floor.run(3)
    assert cancels(floor.exchange) == 2
    return floor


def test_a_cancel_that_was_lost_with_the_connection_is_sent_again(halted: Any) -> None:
    halted.exchange.server.connection_closed()
    halted.exchange.channel.over("reset")
    halted.run(2)
    halted.exchange.silent = False
    halted.wait(500)
    assert cancels(halted.exchange) == 4
    assert (sides(halted.exchange), halted.open_orders()) == ([], [])


def test_a_rejected_cancel_is_repeated_by_the_timer_alone(floor: Any) -> None:
    floor.open_market()
    answer = floor.exchange.answer

    def reject(message: ouch50.OuchInbound) -> None:
        if isinstance(message, ouch50.CancelOrder):
            floor.exchange.say(ouch50.CancelReject(timestamp=1, user_ref_num=message.user_ref_num))
        else:
            answer(message)

    floor.exchange.answer = reject
    floor.rings.control.push(records.KILL, 0, b"")
    floor.run(300)
    assert cancels(floor.exchange) == 2
    floor.wait(1_100)
    assert cancels(floor.exchange) == 6


def test_the_limit_of_the_day_acts_before_a_strategy_hears_of_the_execution(make_floor: Any) -> None:
    floor = make_floor(TOML + "[risk]\nmax_executed_notional = 10_000\nmax_order_notional = 100_000\n")
    floor.open_market()
    heard = []
    desk = floor.desks[0]
    filled = desk.filled

    class Listening:
        now = 0

        def filled(self, *fill: Any) -> None:
            heard.append((floor.parts.risk.killed, floor.parts.gateway.open, cancels(floor.exchange)))
            filled(*fill)

    floor.parts.replies.desks = [Listening()]
    first, second = floor.exchange.live
    for match, (ref, shares) in enumerate([(first, 60), (first, 20), (second, 60), (second, 20)]):
        floor.exchange.fill(ref, shares, match)
    floor.run(5)
    assert heard == [(False, True, 0), (False, True, 0), (True, False, 2), (True, False, 2)]
    assert desk.inventory(floor.market.instrument("AAPL")) == 0
