"""The order session's own rules: silence, heartbeats, timeouts, bad messages, logout."""

from typing import Any

from hftapp import records


def test_heartbeats_keep_the_session_up_in_silence(floor: Any) -> None:
    floor.run(10)
    floor.wait(20_000)
    assert floor.trader.session.ready
    assert floor.trader.session.reconnects == 0


def test_a_silent_exchange_is_given_up_and_called_again(floor: Any) -> None:
    floor.run(10)
    first = floor.exchange.channel
    floor.exchange.bytes_out = lambda _now: b""
    floor.wait(16_000)
    assert first.closed is not None
    assert floor.trader.session.reconnects >= 1


def test_a_bad_message_is_journalled_counted_and_passed_over(floor: Any) -> None:
    floor.run(10)
    floor.exchange.stream.append(b"\x00rubbish")
    floor.open_market()
    assert floor.trader.session.malformed == 1
    assert floor.trader.session.ready
    journal = floor.rings.journal.drain(1000)
    assert (records.IN, b"\x00rubbish") in [(record.kind, record.payload) for record in journal]


def test_nothing_is_journalled_that_cannot_be_sent(floor: Any) -> None:
    assert not floor.trader.session.send(b"X", floor.clock())
    assert floor.rings.journal.drain() == []


def test_logging_out_without_a_login_is_over_at_once(floor: Any) -> None:
    floor.trader.session.logout(floor.clock())
    assert floor.trader.session.over == "not logged in"


def test_a_connection_that_is_never_answered_is_tried_again(floor: Any) -> None:
    connects = []
    original = floor.exchange.connect

    class Mute:
        established = False
        closed: str | None = None

        def close(self, _now: int) -> None:
            self.closed = "closed here"

    def connect(*_: object) -> Mute:
        connects.append(1)
        return Mute()

    floor.exchange.connect = connect
    floor.wait(4000)
    assert len(connects) == 2
    floor.exchange.connect = original
    floor.wait(5000)
    assert floor.trader.session.ready
