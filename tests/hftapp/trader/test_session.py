"""The order session's own rules: silence, heartbeats, timeouts, bad messages, logout."""

import marshal
from typing import Any

from hftapp import records
from hftapp.channel import Channel
from hftapp.trader.figures_table import VENUES
from hftapp.trader.ouch import OuchEncoder
from hftapp.trader.session import OrderSession, ReplyHandler, foreseen, launched
from protocols import ouch50

LOGIN_ACCEPTED = 33
"""Length of the packet on the wire."""


def test_heartbeats_keep_the_session_up_in_silence(floor: Any) -> None:
    floor.run(10)
    floor.wait(20_000)
    assert floor.session.ready
    assert floor.session.reconnects == 0


def test_a_silent_exchange_is_given_up_and_called_again(floor: Any) -> None:
    floor.run(10)
    first = floor.exchange.channel
    floor.exchange.bytes_out = lambda _now: b""
    floor.wait(16_000)
    assert first.closed is not None
    assert floor.session.reconnects >= 1


def test_a_bad_message_is_journalled_counted_and_passed_over(floor: Any) -> None:
    floor.run(10)
    floor.exchange.stream.append(b"\x00rubbish")
    floor.open_market()
    assert floor.session.malformed == 1
    assert floor.session.ready
    journal = floor.rings.journal.drain(1000)
    assert (records.IN, b"\x00rubbish") in [(record.kind, record.payload) for record in journal]


def test_nothing_is_journalled_that_cannot_be_sent(floor: Any) -> None:
    assert not floor.session.send(b"X", floor.clock.now())
    assert floor.rings.journal.drain() == []


def test_logging_out_without_a_login_is_over_at_once(floor: Any) -> None:
    floor.session.logout(floor.clock.now())
    assert floor.session.over == "not logged in"


def test_a_connection_that_is_never_answered_is_tried_again(floor: Any) -> None:
    connects = []
    original = floor.exchange.connect

    class Mute(Channel):
        def close(self, now: int) -> None:
            self.closed = "closed here"

    def connect(*_: object) -> Mute:
        connects.append(1)
        return Mute()

    floor.exchange.connect = connect
    floor.wait(4000)
    assert len(connects) == 2
    floor.exchange.connect = original
    floor.wait(5000)
    assert floor.session.ready


def accepted(ref: int) -> ouch50.OrderAccepted:
    return ouch50.OrderAccepted(
        timestamp=1,
        user_ref_num=ref,
        side="B",
        quantity=100,
        symbol="MSFT",
        price=100_0000,
        time_in_force="0",
        display="Y",
        order_reference_number=7000 + ref,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state="L",
        cl_ord_id=f"OLD{ref}",
    )


def used(ref: int) -> ouch50.EnterOrder:
    """An order that has taken a UserRefNum."""
    return ouch50.EnterOrder(
        user_ref_num=ref,
        side="B",
        quantity=1,
        symbol="MSFT",
        price=1,
        time_in_force="0",
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id=f"OLD{ref}",
        appendage=(),
    )


def executed(ref: int) -> ouch50.OrderExecuted:
    return ouch50.OrderExecuted(
        timestamp=1, user_ref_num=ref, quantity=100, price=100_0000, liquidity_flag="A", match_number=ref
    )


def earlier_run(floor: Any, orders: int) -> None:
    """What another process left in the session: logins with their answers, and orders that were filled."""
    say = floor.exchange.say
    say(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=1))
    for ref in range(1, orders + 1):
        say(accepted(ref))
        say(executed(ref))
        if ref % 10 == 0:
            say(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=ref + 1))


def trickle(floor: Any, size: int) -> None:
    """Let the session's bytes arrive `size` at a time, as TCP segments do."""
    whole = floor.exchange.bytes_out
    kept: dict[object, bytearray] = {}

    def bytes_out(now: int) -> bytes:
        waiting = kept.setdefault(floor.exchange.channel, bytearray())
        waiting.extend(whole(now))
        data = bytes(waiting[:size])
        del waiting[:size]
        return data

    floor.exchange.bytes_out = bytes_out


def test_answers_to_queries_of_earlier_logins_do_not_make_it_ready(floor: Any) -> None:
    earlier_run(floor, 40)
    floor.exchange.received = [used(40)]
    trickle(floor, 300)
    held = []
    for _ in range(60):
        floor.run(1)
        if floor.session.ready:
            break
        held.append(floor.positions().get("MSFT", 0))
    assert len(held) > 10
    assert floor.positions() == {"MSFT": 4000}
    assert floor.orders.next_ref() == 41
    journal = floor.rings.journal.drain(10_000)
    assert [record.payload for record in journal if record.kind == records.IN] == floor.exchange.stream.read(1)


def break_link(floor: Any) -> None:
    floor.exchange.server.connection_closed()
    floor.exchange.channel.over("reset")


def test_a_query_that_was_answered_unseen_is_not_taken_for_the_next_one(floor: Any) -> None:
    """The link breaks between a query and its answer; after the next login that answer comes first, and is old."""
    floor.open_market()
    break_link(floor)
    floor.wait(300)
    assert floor.session.ready
    break_link(floor)
    original = floor.exchange.bytes_out
    passed = bytearray()

    def bytes_out(now: int) -> bytes:
        data: bytes = original(now)[: LOGIN_ACCEPTED - len(passed)]
        passed.extend(data)
        return data

    floor.exchange.bytes_out = bytes_out
    floor.wait(300)
    assert not floor.session.ready
    assert sum(isinstance(m, ouch50.AccountQuery) for m in floor.exchange.received) == 3
    buy = next(ref for ref, order in floor.exchange.live.items() if order.side == "B")
    floor.exchange.fill(buy, 40, match=1)
    break_link(floor)
    floor.exchange.bytes_out = original
    trickle(floor, LOGIN_ACCEPTED)
    for _ in range(300):
        floor.wait(10)
        if floor.session.ready:
            break
    assert floor.session.ready
    assert floor.positions() == {"AAPL": 40}


def test_a_first_login_that_is_never_let_go_is_closed(floor: Any) -> None:
    closed: list[int] = []
    original = floor.exchange.bytes_out

    def bytes_out(now: int) -> bytes:
        data: bytes = original(now)
        channel = floor.exchange.channel
        if not closed and channel.closed == "closed by the peer":
            channel.closed = None
        return data

    floor.exchange.bytes_out = bytes_out
    floor.wait(1000)
    assert not floor.session.ready
    floor.wait(2500)
    closed.append(1)
    floor.wait(500)
    assert floor.session.ready


def test_a_full_send_buffer_is_a_lost_link_and_the_query_settles_it(floor: Any) -> None:
    floor.open_market()
    channel = floor.exchange.channel

    channel.full = True
    floor.exchange.add(3, "B", 300, 100_0000)
    floor.run(2)
    assert channel.aborted
    floor.exchange.server.connection_closed()
    floor.wait(1000)
    session, orders = floor.session, floor.orders
    assert session.ready
    assert session.reconnects == 1
    assert session.unsent == 1
    assert orders.counts()["lost"] == 0  # what could not be sent was never an order
    assert sum(session.sent_by_type().values()) == len(floor.exchange.received)
    assert {order.ref for order in floor.open_orders()} == set(floor.exchange.live)
    said = [marshal.loads(r.payload)["state"] for r in floor.rings.telemetry.drain() if r.kind == records.STATE]
    assert any("bytes not sent: the send buffer is full" in text for text in said)


def test_a_login_that_is_accepted_and_reset_in_one_burst_is_a_lost_connection(floor: Any) -> None:
    """What the answer asks for next can no longer be said."""
    first: list[Channel] = []
    original = floor.exchange.connect

    def connect(*where: Any) -> Channel:
        channel: Any = original(*where)
        received = channel.receive

        def receive(now: int) -> int:
            count: int = received(now)
            if count > 0:
                channel.over("reset by the peer")
                floor.exchange.server.connection_closed()
            return count

        def send(data: bytes, now: int) -> None:
            if channel.closed is not None:
                raise ConnectionError(channel.closed)
            floor.exchange.on_bytes(data, now)

        channel.send = send
        if not first:
            channel.receive = receive
            first.append(channel)
        made: Channel = channel
        return made

    floor.exchange.connect = connect
    floor.wait(500)
    assert first[0].closed == "reset by the peer"
    assert floor.exchange.channel is not first[0]
    assert floor.session.ready


def test_a_connection_that_takes_no_heartbeat_is_reset_and_resumed(floor: Any) -> None:
    floor.run(10)
    channel = floor.exchange.channel

    def full(_data: bytes, _now: int) -> None:
        raise ConnectionError("4096 of 4096 bytes are waiting")

    channel.send = full
    floor.wait(1100)
    assert channel.aborted
    floor.exchange.server.connection_closed()
    floor.wait(300)
    assert (floor.session.ready, floor.session.reconnects) == (True, 1)


def test_a_connection_that_ended_unheard_is_due_at_once(floor: Any) -> None:
    floor.run(10)
    now = floor.clock.now()
    assert floor.session.due() > now
    floor.exchange.channel.over("reset by the peer")
    assert floor.session.due() <= now


class Deaf(ReplyHandler):
    def on_reply(self, venue: int, data: Any, at: int, length: int) -> bool:
        return True


def test_the_journal_says_which_venue_a_message_is_of(floor: Any) -> None:
    number = VENUES - 1
    session = OrderSession(
        number,
        floor.settings.order_entry,
        floor.exchange,
        Deaf(),
        floor.rings.journal,
        0,
        lambda _text: None,
    )
    for _ in range(10):
        floor.clock.time += 1000
        session.poll(floor.clock.now())
    kinds = [record.kind for record in floor.rings.journal.drain()]
    assert [records.venue_of(kind) for kind in kinds] == [(records.OUT, number), (records.IN, number)]
    assert max(kinds) < 256  # one byte in the file


def foreseen_message(session: OrderSession) -> bytes:
    return bytes(session.out[session.out_at - 3 : session.out_at + len(OuchEncoder().template)])


def test_the_message_that_is_foreseen_is_there_with_its_header(floor: Any) -> None:
    floor.run(10)
    template = OuchEncoder().template
    session, now = floor.session, floor.clock.now()
    session.foresee(template)
    assert foreseen(session, now)
    assert foreseen_message(session) == (1 + len(template)).to_bytes(2, "big") + b"U" + template


def test_also_when_another_one_was_begun_and_not_sent(floor: Any) -> None:
    floor.run(10)
    template = OuchEncoder().template
    session, channel, now = floor.session, floor.exchange.channel, floor.clock.now()
    session.foresee(template)
    assert foreseen(session, now)
    channel.laid = True  # as a channel that lays rooms out ahead of time says
    assert session.begin(9, now)
    session.out[session.out_at : session.out_at + 9] = b"X" * 9
    assert not channel.laid
    assert foreseen(session, now)
    assert foreseen_message(session).endswith(template)


def test_where_it_is_laid_out_it_is_not_written_again(floor: Any) -> None:
    floor.run(10)
    template = OuchEncoder().template
    session, channel, now = floor.session, floor.exchange.channel, floor.clock.now()
    session.foresee(template)
    assert foreseen(session, now)
    session.out[session.out_at + 1] = 7
    channel.laid = True
    assert foreseen(session, now)
    assert session.out[session.out_at + 1] == 7
    launched(session, now)
    session.keep(now)
    assert floor.exchange.received[-1].user_ref_num == 7 << 24


def test_nothing_is_foreseen_on_a_connection_that_is_over(floor: Any) -> None:
    floor.run(10)
    floor.session.foresee(OuchEncoder().template)
    floor.exchange.channel.over("gone")
    assert not foreseen(floor.session, floor.clock.now())
