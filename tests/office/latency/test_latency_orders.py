"""Every order is joined with its own frames: what was put into a run's folder is found again, to the nanosecond."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from office.latency import journal, ticks
from office.latency.journal import Decided, Journal
from office.latency.orders import SCHEMA, Joined, join
from office.latency.wire_capture import Wire, scan
from protocols import soup
from protocols.tcp_capture import ACK, SYN
from tests.office.latency import run_maker
from tests.office.latency.run_maker import BEGIN, TICKS_PER_SECOND, Made, decision_of, make_orders, make_run

COUNT = 150


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Made]]:
    folder = tmp_path_factory.mktemp("run")
    return folder, make_run(folder, COUNT, seed=3)


@pytest.fixture(scope="module")
def joined(made: tuple[Path, list[Made]]) -> Joined:
    folder, _ = made
    return join("a run", journal.load(folder), scan(folder))


def test_there_is_one_row_an_order_and_none_for_a_refusal(made: tuple[Path, list[Made]], joined: Joined) -> None:
    assert joined.table["reference"].to_list() == [each.reference for each in made[1]]
    assert dict(joined.table.schema) == dict(SCHEMA)
    assert joined.table["number"].is_unique().all()


def test_each_order_has_its_own_frames(made: tuple[Path, list[Made]], joined: Joined) -> None:
    caused = [each.cause in "BT" for each in made[1]]
    inward = [each.wire_in if tick else None for each, tick in zip(made[1], caused, strict=True)]
    assert joined.table["wire_in"].to_list() == inward
    assert joined.table["wire_out"].to_list() == [each.wire_out for each in made[1]]
    assert joined.table["ack"].to_list() == [each.ack for each in made[1]]
    assert joined.table["fill"].to_list() == [each.fill for each in made[1]]


def test_hops_are_the_differences_of_their_ends(joined: Joined) -> None:
    table = joined.table
    for hop, begin, end in (
        ("wire_to_wire", "wire_in", "wire_out"),
        ("order_to_ack", "wire_out", "ack"),
        ("order_to_fill", "wire_out", "fill"),
    ):
        assert table.filter(pl.col(hop) != pl.col(end) - pl.col(begin)).is_empty()
        assert table.filter(pl.col(hop).is_null() != (pl.col(end) - pl.col(begin)).is_null()).is_empty()


def test_stages_come_from_the_decision_and_add_up(made: tuple[Path, list[Made]], joined: Joined) -> None:
    first = joined.table.filter(pl.col("tick_to_trade").is_not_null())
    orders = [each for each in made[1] if each.stamps[4]]
    for number, name in enumerate(("parsed", "booked", "decided", "passed", "rung")):
        expected = [ticks.nanoseconds(each.stamps[number], TICKS_PER_SECOND) for each in orders]
        assert first[name].to_list() == expected
    assert first.select(pl.sum_horizontal(ticks.STAGES)).to_series().to_list() == first["tick_to_trade"].to_list()
    assert first.filter(pl.col("outside_program") + pl.col("tick_to_trade") != pl.col("wire_to_wire")).is_empty()


def test_what_no_market_data_set_off_is_counted_and_has_no_wire_to_wire(joined: Joined) -> None:
    others = joined.table.filter(~pl.col("cause").is_in(["B", "T"]))
    assert len(others) > 10
    assert others["wire_to_wire"].null_count() == len(others)
    assert joined.missing == {"decided without market data (a fill, a timer, an order's end)": len(others)}


def rejoined(decisions: list[Decided], sent: dict[bytes, int], wire: Wire) -> Joined:
    return join("", Journal(decisions=decisions, sent=sent), wire)


def test_frames_that_the_capture_lacks_are_counted(made: tuple[Path, list[Made]]) -> None:
    folder, _ = made
    whole, empty = journal.load(folder), Wire()
    found = rejoined(whole.decisions, whole.sent, empty)
    assert found.missing["the order is not in the capture"] == COUNT
    assert found.missing["the feed message is not in the capture"] == sum(
        decided.decision.cause in "BT" and not decided.decision.code for decided in whole.decisions
    )
    assert found.table["tick_to_trade"].drop_nulls().len() > 0


def test_a_user_ref_num_of_an_earlier_day_is_not_taken_for_todays(made: tuple[Path, list[Made]]) -> None:
    folder, orders = made
    whole, wire = journal.load(folder), scan(folder)
    day = 86_400_000_000_000
    old = [Decided(0, item.time - day, item.decision.replace(sequence=1), item.rate) for item in whole.decisions]
    for decisions in ([*old, *whole.decisions], [*whole.decisions, *old]):
        found = rejoined(decisions, whole.sent, wire)
        assert sorted(found.table["wire_out"].to_list()) == sorted(each.wire_out for each in orders)
        assert 1 not in found.table["sequence"].to_list()


def add_packet(wire: Wire, session: str, time: int, number: int) -> None:
    """A packet with one message came."""
    wire.arrivals.add(session, np.array([time]), np.array([number]), np.array([1]))


def test_two_venues_with_the_same_numbers_are_told_apart() -> None:
    """Each with its own connection and feed session; references are the same, and numbers of messages overlap."""
    orders = make_orders(30, seed=5)
    wire, sent = Wire(), dict[bytes, int]()
    decisions: list[Decided] = []
    for venue, session in enumerate(("AAAA", "BBBB")):
        shift = venue * 700
        order_port = 41_000 + venue
        wire.messages += wire.orders.take(0, run_maker.segment_of(True, 99, SYN, port=order_port))
        sequence = 100
        for each in orders:
            number = each.sequence + 6 * venue  # what is 16 here is 10 there, two orders earlier
            add_packet(wire, session, each.wire_in + shift, number)
            payload = run_maker.enter_order(each.reference, symbol=session)
            sent[payload] = venue
            data = soup.UnsequencedData(payload).encode()
            segment = run_maker.segment_of(True, sequence, ACK, data, port=order_port)
            wire.messages += wire.orders.take(each.wire_out + shift, segment)
            sequence += len(data)
            decision = decision_of(each).replace(venue=venue, feed_venue=venue, sequence=number)
            decisions.append(Decided(len(decisions), each.wire_out, decision, TICKS_PER_SECOND))
    found = rejoined(decisions, sent, wire).table
    for venue in (0, 1):
        rows = found.filter(pl.col("venue") == venue)
        assert rows["wire_out"].to_list() == [each.wire_out + venue * 700 for each in orders]
        caused = [each.wire_in + venue * 700 if each.cause in "BT" else None for each in orders]
        assert rows["wire_in"].to_list() == caused


def test_an_end_before_its_beginning_is_counted_not_shown() -> None:
    (order,) = make_orders(1, seed=1)
    order.cause, order.wire_in = "B", order.wire_out + 5
    wire = Wire()
    add_packet(wire, "S", order.wire_in, order.sequence)
    payload = run_maker.enter_order(order.reference)
    data = soup.UnsequencedData(payload).encode()
    wire.messages += wire.orders.take(order.wire_out, run_maker.segment_of(True, 5, ACK, data))
    found = rejoined([Decided(1, BEGIN, decision_of(order), TICKS_PER_SECOND)], {payload: 0}, wire)
    assert found.table["wire_to_wire"].to_list() == [None]
    assert list(found.missing) == ["wire_to_wire: the capture has the end before the beginning"]


def test_where_the_doorbell_returned_after_the_frame_was_out_nothing_is_said_of_the_outside() -> None:
    """Of all orders, not only of those: what remained would be the slow ones."""
    orders = make_orders(20, seed=2)
    wire, sent, decisions = Wire(), dict[bytes, int](), list[Decided]()
    sequence = 100
    for number, each in enumerate(orders):
        each.cause, each.stamps = "B", (1, 2, 3, 4, 2_500)  # a microsecond
        out = each.wire_in + (999 if number == 7 else 5_000)
        payload = run_maker.enter_order(each.reference)
        sent[payload] = 0
        data = soup.UnsequencedData(payload).encode()
        add_packet(wire, "S", each.wire_in, each.sequence)
        wire.messages += wire.orders.take(out, run_maker.segment_of(True, sequence, ACK, data))
        sequence += len(data)
        decisions.append(Decided(number, out, decision_of(each), TICKS_PER_SECOND))
    found = rejoined(decisions, sent, wire)
    assert found.table["wire_to_wire"].null_count() == 0
    assert found.table["outside_program"].null_count() == 20
    assert list(found.missing.values()) == [1]
