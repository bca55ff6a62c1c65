"""The whole trader against a scripted exchange in the same process: quote, fill, lose, kill, stop, end."""

import dataclasses
import marshal
from collections.abc import Callable
from typing import Any

import pytest

from hftapp import records
from hftapp.trader import stats
from hftapp.trader.order import BUY, DAY
from hftapp.trader.session import JournalOverflowError, SessionRefusedError
from protocols import itch50, mold, ouch50


def events(floor: Any, kind: int) -> list[Any]:
    floor.kept = getattr(floor, "kept", []) + floor.rings.telemetry.drain(100_000)
    return [marshal.loads(record.payload) for record in floor.kept if record.kind == kind]


def states(floor: Any) -> list[str]:
    return [event["state"] for event in events(floor, records.STATE)]


def quotes(floor: Any) -> dict[str, tuple[int, int]]:
    return {order.side: (order.quantity, order.price) for order in floor.exchange.live.values()}


def test_it_logs_in_queries_and_quotes_both_sides(floor: Any) -> None:
    floor.open_market()
    assert isinstance(floor.exchange.received[0], ouch50.AccountQuery)
    assert quotes(floor) == {"B": (100, 99_9000), "T": (100, 100_1000)}
    assert states(floor) == ["trading"]
    assert stats.build(floor.rings.figures)["tick_to_trade"]["count"] == 1


def test_nothing_is_sent_before_the_session_is_ready(floor: Any) -> None:
    floor.exchange.event("Q")
    floor.exchange.add(1, "B", 500, 99_9000)
    floor.exchange.add(2, "S", 500, 100_1000)
    floor.trader.step()
    assert floor.exchange.received == []


def test_the_quotes_follow_the_market_by_replacing(floor: Any) -> None:
    floor.open_market()
    floor.exchange.add(3, "B", 300, 100_0000)
    floor.run()
    replaces = [m for m in floor.exchange.received if isinstance(m, ouch50.ReplaceOrder)]
    assert len(replaces) == 2
    assert not any(isinstance(m, ouch50.CancelOrder) for m in floor.exchange.received)
    # Mid of 100.00 and 100.10 is 100.05; 10 bps of it, in whole 1/10,000 dollars, are 0.1000: 99.95 and 100.15.
    assert quotes(floor) == {"B": (100, 99_9500), "T": (100, 100_1500)}


def test_fills_skew_the_quotes_and_reach_the_position(floor: Any) -> None:
    floor.open_market()
    before = quotes(floor)
    buy = next(ref for ref, order in floor.exchange.live.items() if order.side == "B")
    floor.exchange.fill(buy, 100, match=1)
    floor.run()
    assert floor.positions() == {"AAPL": 100}
    after = {("B" if side == "B" else "S"): quote for side, quote in quotes(floor).items()}
    assert after["B"][1] < before["B"][1]
    assert floor.desks[0].inventory(floor.market.instrument("AAPL")) == 100


def test_everything_sent_and_received_is_journalled_in_order(floor: Any) -> None:
    floor.open_market()
    journal = floor.rings.journal.drain(10_000)
    sent = [record.payload for record in journal if record.kind == records.OUT]
    got = [record.payload for record in journal if record.kind == records.IN]
    assert sent == [message.encode() for message in floor.exchange.received]
    assert got == floor.exchange.stream.read(1)


def test_a_loss_on_both_lines_pulls_the_quotes_and_is_reported(floor: Any) -> None:
    floor.open_market()
    floor.exchange.sequence += 3
    floor.exchange.add(9, "B", 100, 99_8000)
    floor.wait(30)
    assert events(floor, records.GAP) == [{"from": 4, "to": 6, "venue": "NSDQ"}]
    assert floor.exchange.live == {}
    assert floor.orders.open_count == 0
    floor.exchange.add(10, "B", 300, 100_0000)
    floor.run()
    assert floor.exchange.live == {}
    assert any(state.startswith("stale") for state in states(floor))


def test_a_loss_on_one_line_changes_nothing(floor: Any) -> None:
    floor.open_market()
    message = itch50.OrderDelete(stock_locate=1, tracking_number=0, timestamp=1, order_reference_number=77)
    floor.exchange.publish(message, lines=(1,))
    floor.exchange.publish(message, lines=(0,))
    floor.wait(30)
    assert floor.feed()["gaps"] == 0
    assert len(floor.exchange.live) == 2


def test_the_end_of_market_hours_pulls_the_quotes(floor: Any) -> None:
    floor.open_market()
    floor.exchange.event("M")
    floor.run()
    assert floor.exchange.live == {}
    assert floor.trader.outcome is None


def test_the_end_of_session_logs_out_and_dumps_everything(floor: Any) -> None:
    floor.open_market()
    floor.exchange.end_feed()
    floor.wait(3000)
    assert floor.trader.outcome == (0, "end of session")
    assert floor.exchange.live == {}
    assert floor.exchange.closed
    books = events(floor, records.BOOK)
    assert books == [
        {"venue": "NSDQ", "symbol": "AAPL", "sequence": 3, "bids": [[99_9000, 500, 1]], "asks": [[100_1000, 500, 1]]},
    ]
    final = stats.build(floor.rings.figures)
    assert final["final"] is True
    assert final["feed"]["messages"] == 3
    assert (final["orders"]["accepted"], final["orders"]["cancelled"], final["orders"]["open"]) == (2, 200, 0)
    asked = {name: final["orders"][name] for name in ("entered", "replaced", "cancel_requests", "account_queries")}
    assert asked == {"entered": 2, "replaced": 0, "cancel_requests": 2, "account_queries": 1}
    assert final["orders"]["sent"] == len(floor.exchange.received) == 5
    assert events(floor, records.EXIT) == [(0, "end of session")]


def test_the_stop_command_ends_the_same_way(floor: Any) -> None:
    floor.open_market()
    floor.rings.control.push(records.STOP, 0, b"")
    floor.wait(3000)
    assert floor.trader.outcome == (0, "stop command")
    assert floor.exchange.live == {}


def test_open_orders_that_do_not_die_end_with_status_1(floor: Any) -> None:
    floor.open_market()
    floor.exchange.silent = True
    floor.rings.control.push(records.STOP, 0, b"")
    floor.wait(5000)
    assert floor.trader.outcome == (1, "stop command with 2 orders still open")


def test_the_kill_switch_cancels_at_once_and_refuses_what_is_new(floor: Any) -> None:
    floor.open_market()
    floor.rings.control.push(records.KILL, 0, b"")
    floor.trader.step()
    assert floor.exchange.live == {}
    sent = len(floor.exchange.received)
    floor.exchange.add(3, "B", 300, 100_0000)
    floor.wait(500)
    assert floor.exchange.live == {}
    assert len(floor.exchange.received) == sent
    instrument = floor.market.instrument("AAPL")
    assert floor.parts.gateway.enter(instrument, 0, BUY, 100, 99_0000, floor.clock.now(), DAY, 0, False) is None
    assert floor.parts.risk.killed
    assert floor.trader.outcome is None


def test_a_kill_while_the_order_session_is_down_cancels_once_it_is_back(floor: Any) -> None:
    floor.open_market()
    floor.exchange.channel.over("link lost")
    floor.run(2)
    assert not floor.session.ready
    floor.rings.control.push(records.KILL, 0, b"")
    floor.wait(1000)
    assert floor.session.ready
    assert floor.exchange.live == {}
    assert floor.orders.open_count == 0


def test_a_kill_reaches_the_old_orders_when_their_replaces_are_rejected(floor: Any) -> None:
    floor.open_market()
    floor.exchange.silent = True
    floor.exchange.add(3, "B", 300, 100_0000)
    floor.run(5)
    replaces = [order for order in floor.open_orders() if order.replaces is not None]
    assert len(replaces) == 2
    floor.rings.control.push(records.KILL, 0, b"")
    floor.run(2)
    floor.exchange.silent = False
    for order in replaces:
        floor.exchange.say(ouch50.Rejected(timestamp=1, user_ref_num=order.ref, reason=2, cl_ord_id=order.cl_ord_id))
    floor.run(5)
    assert floor.exchange.live == {}
    cancels = [m.user_ref_num for m in floor.exchange.received if isinstance(m, ouch50.CancelOrder)]
    assert cancels == [3, 4, 1, 2]


def test_cancels_without_an_answer_are_repeated(floor: Any) -> None:
    floor.open_market()
    floor.exchange.silent = True
    floor.rings.control.push(records.KILL, 0, b"")
    floor.run(2)
    floor.exchange.silent = False
    assert len(floor.exchange.live) == 2
    floor.wait(700)
    assert floor.exchange.live == {}


def test_a_silent_feed_pulls_the_quotes_until_it_is_back_with_nothing_missed(floor: Any) -> None:
    floor.open_market()
    floor.wait(2900)
    assert len(floor.exchange.live) == 2
    floor.wait(300)
    assert floor.exchange.live == {}
    assert floor.market.stale
    assert states(floor)[-1] == "stale: no market data in sequence for 3 s"
    instrument = floor.market.instrument("AAPL")
    assert floor.parts.gateway.enter(instrument, 0, BUY, 100, 99_0000, floor.clock.now(), DAY, 0, False) is None
    floor.heartbeat()
    floor.wait(200)
    assert not floor.market.stale
    assert quotes(floor) == {"B": (100, 99_9000), "T": (100, 100_1000)}
    assert floor.feed()["silences"] == 1


def test_a_feed_that_comes_back_with_a_loss_stays_stale(floor: Any) -> None:
    floor.open_market()
    floor.wait(3200)
    floor.exchange.sequence += 2
    floor.heartbeat()
    floor.wait(500)
    assert events(floor, records.GAP) == [{"from": 4, "to": 5, "venue": "NSDQ"}]
    floor.heartbeat()
    floor.wait(500)
    assert floor.market.stale
    assert floor.exchange.live == {}


def test_another_session_instead_of_ours_is_named(floor: Any) -> None:
    floor.open_market()
    for number in range(1, 40):
        floor.exchange.packets.append((0, mold.encode_packet("OTHERDAY", number, [b"x"])))
        floor.wait(100)
    assert floor.exchange.live == {}
    assert states(floor)[-1].endswith("session 'OTHERDAY' is sent instead of 'SCRIPTED01'")


def test_one_silent_line_is_reported_and_trading_goes_on(floor: Any) -> None:
    floor.open_market()
    for _ in range(40):
        floor.heartbeat(lines=(0,))
        floor.wait(100)
    assert len(floor.exchange.live) == 2
    assert states(floor)[-1] == "line B is silent"
    assert floor.feed()["line_silences"] == [0, 1]
    floor.heartbeat()
    floor.wait(200)
    assert states(floor)[-1] == "line B is back"


def test_nothing_new_is_sent_while_a_gap_is_open(floor: Any) -> None:
    floor.open_market()
    sent = len(floor.exchange.received)
    floor.exchange.sequence += 1
    floor.exchange.add(9, "B", 100, 99_8000)
    floor.run(3)
    buy = next(ref for ref, order in floor.exchange.live.items() if order.side == "B")
    floor.exchange.fill(buy, 100, match=1)
    floor.run(5)
    assert all(isinstance(m, ouch50.CancelOrder) for m in floor.exchange.received[sent:])
    assert floor.refused("open_gap") >= 1
    floor.exchange.sequence -= 2
    floor.exchange.event("Q")
    floor.exchange.sequence += 1
    floor.wait(300)
    assert floor.feed()["gaps"] == 0
    assert {order.side for order in floor.exchange.live.values()} == {"B", "S"}


def test_a_quote_that_may_not_move_is_taken_off_and_comes_back(floor: Any) -> None:
    floor.open_market()
    floor.wait(1500)
    floor.parts.risk.load(dataclasses.replace(floor.settings.risk, max_orders_per_second=1))
    floor.exchange.add(3, "B", 300, 100_0000)
    floor.run()
    assert quotes(floor) == {"B": (100, 99_9500)}
    assert floor.refused("port_rate") >= 1
    floor.heartbeat()
    floor.wait(1500)
    assert quotes(floor) == {"B": (100, 99_9500), "T": (100, 100_1500)}


def test_a_sale_whose_mark_would_change_is_cancelled_and_entered_anew(floor: Any) -> None:
    floor.open_market()
    buy = next(ref for ref, order in floor.exchange.live.items() if order.side == "B")
    floor.exchange.fill(buy, 100, match=1)
    floor.run()
    sales = [m for m in floor.exchange.received if isinstance(m, ouch50.EnterOrder) and m.side != "B"]
    assert [sale.side for sale in sales] == ["T", "S"]
    assert not any(
        isinstance(m, ouch50.ReplaceOrder) and m.orig_user_ref_num == sales[0].user_ref_num
        for m in floor.exchange.received
    )
    assert ouch50.CancelOrder(user_ref_num=sales[0].user_ref_num, quantity=0) in floor.exchange.received


def test_a_broken_connection_is_resumed_and_lost_orders_are_forgotten(floor: Any) -> None:
    floor.open_market()
    floor.exchange.silent = True
    floor.exchange.add(3, "B", 300, 100_0000)
    floor.run(3)
    assert any(order.replaced_by for order in floor.open_orders())
    channel = floor.exchange.channel
    floor.exchange.server.connection_closed()
    channel.over("reset")
    floor.wait(500)
    assert floor.exchange.channel is not channel
    assert floor.session.reconnects == 1
    assert floor.orders.counts()["lost"] == 2
    assert floor.session.ready
    assert all(order.replaced_by is None or order.busy for order in floor.open_orders())


def test_a_new_process_takes_over_the_position_and_cancels_the_orders(
    floor: Any, make_floor: Callable[[], Any]
) -> None:
    floor.open_market()
    buy = next(ref for ref, order in floor.exchange.live.items() if order.side == "B")
    floor.exchange.fill(buy, 40, match=1)
    floor.run()
    after = make_floor()
    after.exchange.stream = floor.exchange.stream
    after.exchange.stream.clients = 0
    after.exchange.received = floor.exchange.received
    after.exchange.live = floor.exchange.live
    left, sent = set(floor.exchange.live), len(floor.exchange.received)
    after.open_market()
    assert after.positions() == {"AAPL": 40}
    new = after.exchange.received[sent:]
    first = next(number for number, message in enumerate(new) if isinstance(message, ouch50.EnterOrder))
    assert {m.user_ref_num for m in new[:first] if isinstance(m, ouch50.CancelOrder)} == left
    assert left.isdisjoint(after.exchange.live)
    assert all(ref >= floor.orders.next_ref() for ref in after.exchange.live)
    instrument = after.market.instrument("AAPL")
    assert after.desks[0].inventory(instrument) == 40
    # 40 of 300 shares at 10 bps lean both quotes by 0.0133 around 100.00: 99.8866 and 100.0866, rounded outwards.
    assert sorted(price for _, price in quotes(after).values()) == [99_8800, 100_0900]
    assert states(after)[0].endswith("orders of another run are open: cancelling them")


def test_a_wrong_password_ends_with_the_keys_to_look_at(floor: Any) -> None:
    floor.exchange.refuse_login = "A"
    with pytest.raises(SessionRefusedError, match=r"login HFT1 refused.*order_entry.password"):
        floor.run(10)


def test_an_unavailable_session_is_tried_again(floor: Any) -> None:
    floor.exchange.refuse_login = "S"
    floor.wait(200)
    assert not floor.session.ready
    floor.exchange.refuse_login = None
    floor.wait(2000)
    assert floor.session.ready


def test_a_session_that_stays_unavailable_ends_the_trader_with_status_1(floor: Any) -> None:
    floor.open_market()
    floor.exchange.refuse_login = "S"
    floor.exchange.channel.over("exchange restarted")
    floor.wait(120_000)
    reason = "order session not available: 12 logins in a row were refused with 2 orders still open"
    assert floor.trader.outcome == (1, reason)


def test_an_order_that_cannot_be_journalled_is_not_sent(floor: Any) -> None:
    floor.run(10)
    while floor.rings.journal.push(records.OUT, 0, b"x" * 60_000):
        pass
    while floor.rings.journal.push(records.OUT, 0, b"x"):
        pass
    floor.exchange.add(1, "B", 500, 99_9000)
    floor.exchange.add(2, "S", 500, 100_1000)
    with pytest.raises(JournalOverflowError, match="trading stops"):
        floor.run()
    assert floor.exchange.live == {}
    floor.trader.abort()
    assert floor.exchange.channel.aborted


def test_a_trader_that_fails_shows_what_it_holds(floor: Any) -> None:
    floor.open_market()
    held = floor.market.instrument("AAPL")
    held.position += 700
    assert held.position not in floor.rings.figures.column("position")
    floor.trader.abort()
    assert floor.rings.figures.column("position")[held.index] == held.position


def test_a_halted_symbol_is_not_quoted(floor: Any) -> None:
    floor.open_market()
    halt = itch50.StockTradingAction(
        stock_locate=1, tracking_number=0, timestamp=1, stock="AAPL", trading_state="H", reserved=" ", reason="T1"
    )
    floor.exchange.publish(halt)
    floor.run()
    assert floor.exchange.live == {}
    floor.wait(10)  # the same order within a millisecond would be a duplicate
    floor.exchange.publish(halt.replace(trading_state="T", reason=""))
    floor.run()
    assert len(floor.exchange.live) == 2


def test_the_figures_are_shown_while_it_trades(floor: Any) -> None:
    floor.open_market()
    floor.wait(3500)
    found = stats.build(floor.rings.figures)
    assert found["position"] == {}
    assert found["tick_to_trade"]["count"] == 1
    assert found["feed"]["session"] == "SCRIPTED01"
    assert found["feed"]["next"] == 4
    assert found["turns"] > 300
    assert "final" not in found


def test_the_exchange_ending_the_session_ends_the_trader(floor: Any) -> None:
    floor.open_market()
    floor.exchange.stream.end()
    floor.wait(500)
    assert floor.trader.outcome == (0, "order session ended by the exchange")
