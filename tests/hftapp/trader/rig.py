"""A strategy's desk with everything it works through, and nothing of the network: ITCH goes in, OUCH comes out."""

from dataclasses import replace
from typing import Any

from hftapp import config
from hftapp.book.books import Books
from hftapp.clock import Clock, manual
from hftapp.config import StrategyConfig
from hftapp.config_table import PARAMS
from hftapp.histogram import Histogram
from hftapp.ring import Ring
from hftapp.trader.decisions import Decisions
from hftapp.trader.desk import Desk
from hftapp.trader.gateway import OrderGateway
from hftapp.trader.instrument import Instrument
from hftapp.trader.market import Market
from hftapp.trader.orders import Orders
from hftapp.trader.ouch import OuchEncoder
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.risk.permissions import Permissions
from hftapp.trader.router import Fees, Router
from hftapp.trader.session import OrderSession
from hftapp.trader.stages import NAMES, Stages
from hftapp.trader.venue_market import VenueMarket
from hftapp.units import Fee
from protocols import itch50, ouch50

MINIMAL = '[nic]\nport = "memory"\naddress = ""\n[management]\nmac = ""\noffice = ""\n'
START = 1_000_000_000_000


class ScriptedSession(OrderSession):
    """Takes every message while it is `ready` and not `full`."""

    def __init__(self, venue: int) -> None:
        self.venue = venue
        self.ready = True
        self.full = False
        self.out = bytearray(100)
        self.out_at = 5
        self.messages: list[ouch50.OuchInbound] = []
        self._size = 0
        self._channel = None

    def begin(self, length: int, now: int) -> bool:
        self._size = length
        return not self.full

    def launch(self, now: int) -> int:
        self.messages.append(ouch50.decode_inbound(bytes(self.out[self.out_at : self.out_at + self._size])))
        return 0

    def keep(self, now: int) -> int:
        return 0


class Rig:
    """One desk over `venues` venues. `feed` and `hear` are what the exchange does; `sent` is what it received."""

    def __init__(
        self,
        kind: str = "market_maker",
        symbols: tuple[str, ...] = ("AAPL",),
        *,
        venues: int = 1,
        max_symbols: int = 16,
        risk: dict[str, Any] | None = None,
        **params: int,
    ) -> None:
        settings = config.parse(MINIMAL)
        defaults = {key.name: int(str(key.default)) for key in PARAMS.get(kind, ())}
        limits = replace(settings.risk, **(risk or {}))
        self.clock: Clock = manual(START)
        self.said: list[str] = []
        self.market = Market(Permissions(limits).apply)
        self.feeds = [VenueMarket(self.market, Books()) for _ in range(venues)]
        self.orders = Orders(self.market.make, venues=venues, max_open=16, max_dead=64, max_fills=64)
        self.risk = RiskGate(limits, self.orders, venues)
        self.sessions = [ScriptedSession(venue) for venue in range(venues)]
        self.ring = Ring(1 << 16)
        self.stages = Stages(self.clock, [Histogram() for _ in NAMES], Histogram())
        encoders = [OuchEncoder("HFTX") for _ in range(venues)]
        decisions = Decisions(self.ring, 0, self.stages)
        self.gateway = OrderGateway(self.orders, self.risk, self.sessions, encoders, self.stages, decisions)
        self.router = Router(self.market, [Fees(Fee(300), Fee(200))] * venues)
        self.desk = Desk(
            0,
            StrategyConfig(kind, symbols, max_symbols, {**defaults, **params}),
            self.gateway,
            self.router,
            self.market,
            self.clock,
            Histogram(),
            self.said.append,
        )
        self.gateway.open = True
        self.desk.now = self.clock.now()
        self.reference = 5000

    @property
    def aapl(self) -> Instrument:
        found = self.market.make("AAPL")
        assert found is not None
        return found

    @property
    def sent(self) -> list[ouch50.OuchInbound]:
        return self.sessions[0].messages

    def feed(self, *messages: itch50.ItchMessage, venue: int = 0, decide: bool = True) -> None:
        """One datagram."""
        for message in messages:
            data = message.encode()
            self.feeds[venue].on_message(data, 0, len(data))
        if decide:
            self.decide()

    def decide(self) -> None:
        """What the loop does after a datagram."""
        self.desk.now = self.clock.now()
        self.desk.show(self.market.take_touched(), self.desk.now)
        self.market.drop_trades()

    def hear(self, message: ouch50.OuchOutbound, venue: int = 0) -> int:
        data = message.encode()
        return self.orders.on_message(venue, data, 0, len(data))

    def accept_all(self, venue: int = 0) -> None:
        """The exchange accepts every order that it has not answered."""
        for order in self.orders.open_orders():
            if order.venue == venue and order.state == 0 and order.replaces is None:
                self.reference += 1
                message = next(
                    message
                    for message in self.sessions[venue].messages
                    if isinstance(message, ouch50.EnterOrder) and message.user_ref_num == order.ref
                )
                self.hear(taken(message, self.reference), venue)

    def wait(self, milliseconds: int) -> None:
        """Let time pass, with the timer every 100 ms."""
        for _ in range(milliseconds // 100):
            self.clock.time += 100_000_000
            self.desk.timer(self.clock.now())


def taken(order: ouch50.EnterOrder, reference: int) -> ouch50.OrderAccepted:
    return ouch50.OrderAccepted(
        timestamp=1,
        user_ref_num=order.user_ref_num,
        side=order.side,
        quantity=order.quantity,
        symbol=order.symbol,
        price=order.price,
        time_in_force=order.time_in_force,
        display="Y",
        order_reference_number=reference,
        capacity="P",
        inter_market_sweep_eligibility=order.inter_market_sweep_eligibility,
        cross_type="N",
        order_state="L",
        cl_ord_id=order.cl_ord_id,
    )


def executed(ref: int, shares: int, price: int, match: int) -> ouch50.OrderExecuted:
    return ouch50.OrderExecuted(
        timestamp=1, user_ref_num=ref, quantity=shares, price=price, liquidity_flag="A", match_number=match
    )


def add(reference: int, side: str, shares: int, price: int, symbol: str = "AAPL", locate: int = 1) -> itch50.AddOrder:
    return itch50.AddOrder(
        stock_locate=locate,
        tracking_number=0,
        timestamp=1,
        order_reference_number=reference,
        buy_sell_indicator=side,
        shares=shares,
        stock=symbol,
        price=price,
    )


def delete(reference: int, locate: int = 1) -> itch50.OrderDelete:
    return itch50.OrderDelete(stock_locate=locate, tracking_number=0, timestamp=1, order_reference_number=reference)
