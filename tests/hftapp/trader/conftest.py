"""A scripted exchange in the same process: a wire that is a list, and a gateway that answers by the rules of OUCH."""

from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import pytest

from hftapp import config
from hftapp.channel import Channel
from hftapp.clock import Clock, manual
from hftapp.records import Rings
from hftapp.trader import assembly, stats
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.order import Order
from hftapp.trader.risk.checks import NAMES
from hftapp.wire import Wire
from protocols import itch50, mold, ouch50
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_server import Message, SequencedStream, SoupServerSession

MS = 1_000_000
TURN_NS = 1000
"""Every turn takes a microsecond."""
SESSION = "SCRIPTED01"
TOML = """
[nic]
port = "memory"
address = ""
[management]
mac = ""
office = ""
[feed]
gap_timeout_ms = 10
[order_entry]
cancel_timeout_ms = 1000
[[strategy]]
kind = "market_maker"
symbols = ["AAPL"]
params = { size = 100, half_spread_bps = 10, skew_bps = 10, max_inventory = 300, min_move = 100 }
"""


class ScriptedChannel(Channel):
    """The client's end of the in-process order session."""

    def __init__(self, exchange: "ScriptedExchange") -> None:
        super().__init__()
        self.exchange = exchange
        self.established = True
        self.aborted = False
        self.full = False
        self.out = bytearray(2048)
        self.out_at = 7
        self.data = b""
        self.start = 0

    def reserve(self, length: int, now: int) -> bool:
        return self.closed is None and not self.full

    def launch(self, length: int, now: int) -> int:
        self.exchange.on_bytes(bytes(self.out[self.out_at : self.out_at + length]), now)
        return 0

    def send(self, data: bytes, now: int) -> None:
        if self.closed is None:
            self.exchange.on_bytes(data, now)

    def receive(self, now: int) -> int:
        if self.closed is None:
            self.data = bytes(self.data[self.start :]) + self.exchange.bytes_out(now)
            self.start = 0
        return len(self.data) - self.start

    def consume(self, count: int) -> None:
        self.start += count

    def close(self, now: int) -> None:
        self.over(self.closed or "closed here")
        self.exchange.server.connection_closed()

    def abort(self) -> None:
        self.aborted = True
        self.over("aborted")

    def over(self, reason: str) -> None:
        self.closed = reason
        self.established = False


class ScriptedExchange(Wire):
    """Accepts every order; tests fill, reject, lose and end by hand. Also the trader's wire."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.count = 1  # bytes of the order session may always have come
        self.burst: list[tuple[int, bytes]] = []
        self.packets: deque[tuple[int, bytes]] = deque()
        self.stream = SequencedStream(SESSION)
        self.received: list[ouch50.OuchInbound] = []
        self.live: dict[int, ouch50.EnterOrder] = {}
        self.sequence = 1
        self.reference = 5000
        self.refuse_login: str | None = None
        self.silent = False
        self.channel: ScriptedChannel | None = None
        self.closed = False
        self.server = self._session()

    def _session(self) -> SoupServerSession:
        def authenticate(_request: LoginRequest) -> SequencedStream | LoginRejected:
            return LoginRejected(self.refuse_login) if self.refuse_login else self.stream

        return SoupServerSession(authenticate, self.clock.time)

    # The wire.

    def rx(self, now: int) -> int:
        self.burst = list(self.packets)
        self.packets.clear()
        self.lines = [line for line, _ in self.burst]
        self.frames = [data for _, data in self.burst]
        self.starts = [0] * len(self.burst)
        self.sizes = [len(data) for data in self.frames]
        return len(self.burst)

    def tick(self, now: int) -> None:
        pass

    def connect(self, _host: IPv4Address, _port: int, _now: int) -> Channel:
        self.server = self._session()
        self.channel = ScriptedChannel(self)
        return self.channel

    def tx(self, now: int) -> None:
        pass

    def stats(self) -> dict[str, int]:
        return {"rx_frames": 0}

    def close(self, now: int) -> None:
        self.closed = True

    # The order gateway.

    def on_bytes(self, data: bytes, now: int) -> None:
        for event in self.server.on_bytes(data, now):
            if isinstance(event, Message):
                message = ouch50.decode_inbound(event.payload)
                self.received.append(message)
                if not self.silent or isinstance(message, ouch50.AccountQuery):
                    self.answer(message)

    def bytes_out(self, now: int) -> bytes:
        self.server.tick(now)
        data = self.server.take_output()
        if not data and self.server.closing and self.channel is not None:
            self.channel.over("closed by the peer")
        return data

    def say(self, message: ouch50.OuchOutbound) -> None:
        self.stream.append(message.encode())

    def answer(self, message: ouch50.OuchInbound) -> None:
        if isinstance(message, ouch50.AccountQuery):
            used = [m.user_ref_num for m in self.received if isinstance(m, ouch50.EnterOrder | ouch50.ReplaceOrder)]
            free = 1 if self.silent else max(used, default=0) + 1
            self.say(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=free))
        elif isinstance(message, ouch50.EnterOrder):
            self.live[message.user_ref_num] = message
            self.say(self.taken(message, ouch50.OrderAccepted))
        elif isinstance(message, ouch50.ReplaceOrder) and message.orig_user_ref_num in self.live:
            old = self.live.pop(message.orig_user_ref_num)
            new = old.replace(
                user_ref_num=message.user_ref_num,
                quantity=message.quantity,
                price=message.price,
                cl_ord_id=message.cl_ord_id,
            )
            self.live[message.user_ref_num] = new
            self.say(self.taken(new, ouch50.OrderReplaced, orig_user_ref_num=old.user_ref_num))
        elif isinstance(message, ouch50.CancelOrder) and message.user_ref_num in self.live:
            old = self.live.pop(message.user_ref_num)
            self.say(
                ouch50.OrderCanceled(timestamp=1, user_ref_num=old.user_ref_num, quantity=old.quantity, reason="U")
            )

    def taken(self, order: ouch50.EnterOrder, kind: Callable[..., ouch50.OuchOutbound], **more: Any) -> Any:
        self.reference += 1
        return kind(
            timestamp=1,
            user_ref_num=order.user_ref_num,
            side=order.side,
            quantity=order.quantity,
            symbol=order.symbol,
            price=order.price,
            time_in_force=order.time_in_force,
            display="Y",
            order_reference_number=self.reference,
            capacity="P",
            inter_market_sweep_eligibility="N",
            cross_type="N",
            order_state="L",
            cl_ord_id=order.cl_ord_id,
            **more,
        )

    def fill(self, ref: int, shares: int, match: int) -> None:
        order = self.live[ref]
        self.say(
            ouch50.OrderExecuted(
                timestamp=1,
                user_ref_num=ref,
                quantity=shares,
                price=order.price,
                liquidity_flag="A",
                match_number=match,
            )
        )
        if shares == order.quantity:
            del self.live[ref]
        else:
            self.live[ref] = order.replace(quantity=order.quantity - shares)

    # The feed.

    def publish(self, *messages: itch50.ItchMessage, lines: tuple[int, ...] = (0, 1)) -> None:
        data = mold.encode_packet(SESSION, self.sequence, [message.encode() for message in messages])
        self.sequence += len(messages)
        for line in lines:
            self.packets.append((line, data))

    def add(self, reference: int, side: str, shares: int, price: int, symbol: str = "AAPL", locate: int = 1) -> None:
        self.publish(
            itch50.AddOrder(
                stock_locate=locate,
                tracking_number=0,
                timestamp=1,
                order_reference_number=reference,
                buy_sell_indicator=side,
                shares=shares,
                stock=symbol,
                price=price,
            )
        )

    def event(self, code: str) -> None:
        self.publish(itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=1, event_code=code))

    def end_feed(self) -> None:
        self.packets.append((0, mold.encode_end(SESSION, self.sequence)))


class Floor:
    """Exchange, trader and clock together."""

    def __init__(self, toml: str = TOML) -> None:
        self.clock = manual(1_000_000_000_000)
        self.exchange = ScriptedExchange(self.clock)
        self.rings = Rings()
        self.settings = config.parse(toml)
        self.parts = assembly.build(self.settings, self.exchange, self.rings, self.clock, b"SCRIPTED")
        self.trader = Trader(self.parts)
        self.orders, self.market, self.desks = self.parts.orders, self.parts.market, self.parts.desks
        self.session = self.parts.sessions[0]

    def run(self, turns: int = 50, *, step_ns: int = 0) -> None:
        for _ in range(turns):
            if self.trader.phase == DONE:
                return
            self.clock.time += TURN_NS + step_ns
            self.trader.step()

    def open_market(self) -> None:
        """Log in and publish a two-sided book around 100 dollars."""
        self.run(10)
        self.exchange.event("Q")
        self.exchange.add(1, "B", 500, 99_9000)
        self.exchange.add(2, "S", 500, 100_1000)
        self.run()

    def positions(self) -> dict[str, int]:
        """Shares held by symbol."""
        return {found.symbol: found.position for found in self.market.instruments if found.position}

    def open_orders(self) -> list[Order]:
        """Own orders that are not dead, oldest first."""
        found, order = [], self.orders.first
        while order is not None:
            found.append(order)
            order = order.next
        return found

    def feed(self) -> dict[str, Any]:
        """The feed's part of the figures, all of it as it is now."""
        publisher = self.parts.publisher
        for _ in range(8):
            publisher.publish(self.parts, 0)
        found: dict[str, Any] = stats.build(self.rings.figures)["feed"]
        return found

    def refused(self, check: str) -> int:
        """Refusals of the risk gate by one check."""
        return int(self.parts.risk.refused[NAMES.index(check)])

    def heartbeat(self, lines: tuple[int, ...] = (0, 1)) -> None:
        """A MoldUDP64 heartbeat on the lines."""
        for line in lines:
            self.exchange.packets.append((line, mold.encode_heartbeat(SESSION, self.exchange.sequence)))

    def wait(self, milliseconds: int) -> None:
        """Let time pass in steps of 10 ms, a turn each."""
        self.run(milliseconds // 10, step_ns=10 * MS)


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.fixture
def make_floor() -> Callable[[str], Floor]:
    return Floor


@pytest.fixture
def base_toml() -> str:
    return TOML
