"""tshark, which knows nothing of this project, reads order entry over TCP, and finds no fault in it.

It dissects SoupBinTCP. Its `ouch` is OUCH 4.2: of OUCH 5.0 it knows the system event, which has not changed. All other
messages are compared as it cut them out, whole.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from exchange.account import Login
from exchange.assembly import Session, build_session
from exchange.clock import MARKET_OPEN, SECOND, SessionClock
from exchange.gateway import Gateway
from exchange.order_log import OrderLog
from exchange.settings import Endpoint, Ports, Settings
from protocols.soup_client import ClientEvent, ClientState, Sequenced, SoupClient
from tests.exchange.captures import assert_sound, column
from tests.exchange.conftest import cancel, enter, modify, replace
from tests.exchange.soup_captures import SERVER, RecordingProxy, assert_numbered, read_connections

SESSION = "S191230NSD"


class Trader:
    """A SoupBinTCP client on a connection to the gateway."""

    def __init__(self, now: int, user: str, password: str) -> None:
        self.soup = SoupClient(user, password)
        self.now = now
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        self.events: list[ClientEvent] = []
        self._wanted = 0

    async def connect(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self.soup.connected(self.now)
        self._writer.write(self.soup.take_output())
        await self._read(lambda: bool(self.events))

    async def ask(self, *requests: bytes, answers: int) -> None:
        """Send requests, and take so many answers."""
        for request in requests:
            self.requests.append(request)
            self.soup.send(request, self.now)
        self._writer.write(self.soup.take_output())
        await self.take(answers)

    async def take(self, answers: int) -> None:
        """Wait for so many answers after those that were waited for."""
        self._wanted += answers
        await self._read(lambda: len(self.answers) >= self._wanted)

    async def keep_alive(self, now: int) -> None:
        """After a silence, send a heartbeat, and take the server's."""
        self.now = now
        self.soup.tick(now)
        self._writer.write(self.soup.take_output())
        self._take(await asyncio.wait_for(self._reader.read(1 << 16), 20))

    async def leave(self) -> None:
        """Log out where that is possible; the server closes."""
        if self.soup.state is ClientState.ACTIVE:
            self.soup.logout(self.now)
            self._writer.write(self.soup.take_output())
        await self.closed()

    async def closed(self) -> None:
        await self._read(self._reader.at_eof)
        self._writer.close()
        await self._writer.wait_closed()

    async def _read(self, enough: Callable[[], bool]) -> None:
        while not enough():
            self._take(await asyncio.wait_for(self._reader.read(1 << 16), 20))

    def _take(self, data: bytes) -> None:
        for event in self.soup.on_bytes(data, self.now):
            if isinstance(event, Sequenced):
                self.answers.append(event.payload)
            else:
                self.events.append(event)


async def trade_over_tcp(session: Session) -> tuple[list[Trader], RecordingProxy]:
    """Orders of all kinds of requests and answers, silence, a logout, a second login, the end of the session."""
    now = SECOND
    clock = SessionClock()
    gateway = Gateway(session.exchange, session.exchange.venues[0], clock, lambda: now, lambda user: None)
    proxy = RecordingProxy(await gateway.listen(IPv4Address("127.0.0.1"), 0))
    port = await proxy.listen()
    stranger, first, other, again = (
        Trader(now, user, password)
        for user, password in (("HFT1", "wrong"), ("HFT1", "secret1"), ("HFT2", "secret2"), ("HFT1", "secret1"))
    )
    await stranger.connect(port)
    await stranger.leave()
    await first.connect(port)
    # System event `S` came at the start.
    await first.take(1)
    await first.ask(enter(1, "B", 300), enter(2, "B", 100, price=1_400_000), answers=2)
    await first.ask(replace(1, 3, 300, 1_500_100), cancel(2), modify(3, "B", 250), enter(4, symbol="NONE"), answers=4)
    await other.connect(port)
    await other.ask(enter(1, "S", 100, price=1_500_100), answers=3)
    await first.take(1)
    now += 2 * SECOND
    await first.keep_alive(now)
    await first.ask(cancel(3), answers=1)
    await first.leave()
    await again.connect(port)
    await again.take(len(first.answers))
    closing = asyncio.create_task(gateway.close())
    await asyncio.gather(again.closed(), other.closed())
    await closing
    await proxy.close()
    return [stranger, first, other, again], proxy


def test_order_entry(tmp_path: Path) -> None:
    logins = Login("HFT1", "secret1", "HFTX"), Login("HFT2", "secret2", "HFTY")
    line = Endpoint(IPv4Address("239.20.0.1"), 26401)
    settings = Settings(IPv4Address("127.0.0.1"), Ports(), line, line, SESSION, logins, flow=False)
    with build_session(settings, {}, OrderLog(None)) as session:
        session.exchange.start(MARKET_OPEN)
        traders, proxy = asyncio.run(trade_over_tcp(session))
        streams = {
            entry.account.login.user: entry.account.stream.read(1) for entry in session.exchange.venues[0].entries
        }
    _, first, other, again = traders
    assert again.answers == streams["HFT1"]
    assert first.answers == again.answers
    assert other.answers == streams["HFT2"]
    frames = read_connections(tmp_path / "orders.pcapng", proxy)
    assert_sound(frames)
    assert_numbered(frames)
    inbound = [frame for frame in frames if frame["tcp.dstport"] == [str(SERVER.port)]]
    outbound = [frame for frame in frames if frame["tcp.srcport"] == [str(SERVER.port)]]
    requests = [request for trader in traders for request in trader.requests]
    answers = [answer for trader in traders for answer in trader.answers]
    assert column(inbound, "soupbintcp.message") == [request.hex() for request in requests]
    # What OUCH 4.2 and 5.0 have in common goes to tshark's dissector; the rest is left as it is.
    assert column(outbound, "soupbintcp.message") == [answer.hex() for answer in answers if answer[:1] != b"S"]
    assert column(outbound, "ouch.event_code") == ["'S'"] * sum(answer[:1] == b"S" for answer in answers)
    assert {chr(request[0]) for request in requests} == set("OUXM")
    assert {chr(answer[0]) for answer in answers} == set("SAUCMJE")
    assert Counter(column(inbound, "soupbintcp.packet_type")) == {"'L'": 4, "'U'": len(requests), "'R'": 1, "'O'": 1}
    packets = {"'J'": 1, "'A'": 3, "'S'": len(answers), "'H'": 1, "'Z'": 2}
    assert Counter(column(outbound, "soupbintcp.packet_type")) == packets
    assert column(inbound, "soupbintcp.username") == ["HFT1  ", "HFT1  ", "HFT2  ", "HFT1  "]
    assert column(outbound, "soupbintcp.session") == [SESSION] * 3
    assert column(outbound, "soupbintcp.reject_code") == ["'A'"]
