"""The exchange on paper: accepts, replaces and cancels as an exchange does, and fills nothing."""

from ipaddress import IPv4Address

import pytest

from hftapp.clock import manual
from hftapp.trader.paper import ROOM, PaperWire
from hftapp.trader.paper_exchange import PaperExchange
from protocols import ouch50, soup

NOW = 5 * 86_400_000_000_000 + 34_200_000_000_000
LOGIN = soup.LoginRequest("HFT1", "secret1").encode()


def enter(reference: int, tif: str = "0", quantity: int = 100) -> ouch50.EnterOrder:
    return ouch50.EnterOrder(
        user_ref_num=reference,
        side="B",
        quantity=quantity,
        symbol="AAPL",
        price=1_000_000,
        time_in_force=tif,
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id="A",
    )


class Client:
    def __init__(self) -> None:
        self.exchange = PaperExchange()
        self.exchange.connect(NOW)
        self.framer = soup.Framer()
        (accepted,) = self.hear(LOGIN)
        assert isinstance(accepted, soup.LoginAccepted)

    def hear(self, data: bytes) -> list[soup.SoupPacket]:
        answer, _ = self.exchange.take(data, NOW)
        return list(self.framer.feed(answer))

    def say(self, message: ouch50.OuchInbound) -> list[ouch50.OuchOutbound]:
        packets = self.hear(soup.UnsequencedData(message.encode()).encode())
        return [ouch50.decode_outbound(each.payload) for each in packets if isinstance(each, soup.SequencedData)]


def test_an_order_is_accepted_and_stays() -> None:
    (accepted,) = Client().say(enter(1))
    assert isinstance(accepted, ouch50.OrderAccepted)
    assert (accepted.user_ref_num, accepted.order_state, accepted.timestamp) == (1, "L", 34_200_000_000_000)


def test_an_immediate_order_finds_nothing() -> None:
    accepted, cancelled = Client().say(enter(1, tif="3"))
    assert isinstance(accepted, ouch50.OrderAccepted)
    assert isinstance(cancelled, ouch50.OrderCanceled)
    assert (cancelled.quantity, cancelled.reason) == (100, "I")


def test_replaces_and_cancels() -> None:
    client = Client()
    client.say(enter(1))
    request = ouch50.ReplaceOrder(
        orig_user_ref_num=1,
        user_ref_num=2,
        quantity=70,
        price=990_000,
        time_in_force="0",
        display="Y",
        inter_market_sweep_eligibility="N",
        cl_ord_id="B",
    )
    (replaced,) = client.say(request)
    assert isinstance(replaced, ouch50.OrderReplaced)
    assert (replaced.orig_user_ref_num, replaced.user_ref_num, replaced.side, replaced.symbol) == (1, 2, "B", "AAPL")
    (rejected,) = client.say(request.replace(user_ref_num=3))
    assert isinstance(rejected, ouch50.Rejected)
    (cut,) = client.say(ouch50.CancelOrder(user_ref_num=2, quantity=30))
    assert isinstance(cut, ouch50.OrderCanceled)
    assert cut.quantity == 40
    assert client.say(ouch50.CancelOrder(user_ref_num=2, quantity=30)) == []
    (rest,) = client.say(ouch50.CancelOrder(user_ref_num=2, quantity=0))
    assert isinstance(rest, ouch50.OrderCanceled)
    assert (rest.quantity, rest.reason) == (30, "U")
    assert client.say(ouch50.CancelOrder(user_ref_num=2, quantity=0)) == []


def test_the_query_names_the_next_number() -> None:
    client = Client()
    assert [answer.next_user_ref_num for answer in client.say(ouch50.AccountQuery())] == [1]  # type: ignore[attr-defined]
    client.say(enter(6))
    client.say(enter(7, tif="3"))
    assert [answer.next_user_ref_num for answer in client.say(ouch50.AccountQuery())] == [8]  # type: ignore[attr-defined]


def test_what_is_no_message_is_passed_over() -> None:
    client = Client()
    assert client.hear(soup.UnsequencedData(b"?").encode()) == []
    assert len(client.say(enter(1))) == 1


def test_a_logout_ends_the_connection_and_the_next_one_goes_on_behind_it() -> None:
    client = Client()
    client.say(enter(1))
    assert client.exchange.take(soup.LogoutRequest().encode(), NOW) == (b"", True)
    client.exchange.connect(NOW)
    answer, over = client.exchange.take(soup.LoginRequest("HFT1", "secret1", "PAPER", 1).encode(), NOW)
    accepted, again = soup.Framer().feed(answer)
    assert isinstance(accepted, soup.LoginAccepted)
    assert isinstance(again, soup.SequencedData)
    assert not over
    assert PaperExchange().take(b"", NOW) == (b"", True)


def test_the_wire_carries_datagrams_and_bytes() -> None:
    clock = manual(NOW)
    wire = PaperWire(clock)
    wire.put(1, b"hello")
    wire.put(0, b"again")
    assert wire.rx(NOW) == 2
    assert [(wire.line(i), wire.payload(i)) for i in range(2)] == [(1, b"hello"), (0, b"again")]
    assert wire.rx(NOW) == 0
    channel = wire.connect(IPv4Address("10.20.0.1"), 24000, NOW)
    channel.send(LOGIN, NOW)
    wire.rx(NOW)
    assert channel.receive(NOW) == 33
    assert channel.read(NOW)[2:3] == b"A"
    with pytest.raises(ValueError, match="cannot consume 1 bytes"):
        channel.consume(1)
    with pytest.raises(ValueError, match="cannot reserve 0 bytes"):
        channel.reserve(0, NOW)
    wire.close(NOW)
    assert channel.closed == "closed here"
    with pytest.raises(ConnectionError):
        channel.send(b"x", NOW)
    for _ in range(32):
        wire.put(0, b"x")
    with pytest.raises(ValueError, match="at most 32 datagrams"):
        wire.put(0, b"x")


def test_a_trader_that_does_not_read_loses_the_connection() -> None:
    clock = manual(NOW)
    wire = PaperWire(clock)
    channel = wire.connect(IPv4Address("10.20.0.1"), 24000, NOW)
    channel.send(LOGIN, NOW)
    order = soup.UnsequencedData(enter(1, tif="3").encode()).encode()
    for _ in range(ROOM // 40):
        channel.send(order, NOW)
        wire.rx(NOW)
        if channel.closed:
            break
    assert channel.closed == "the trader does not read its answers"
