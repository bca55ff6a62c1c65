"""Loading a run's folder: every row is the one that its bytes say, loading again changes nothing, and what is still
being written is loaded as far as it is certain."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from protocols import itch50, mold
from protocols.management import OUT, Frame, Hello
from protocols.management_files import JOURNAL_NAME, LIVE_NAME, MAGIC
from store import fees, run_counts
from store.client import Store
from store.errors import StoreError
from store.load import Wishes, load
from store.run_folder import look_into
from tests.store import feed_maker, run_maker
from tests.store.feed_maker import BEGIN, flow, lines, write_capture
from tests.store.feed_truth import Truth
from tests.store.run_maker import RUN, make_run

WISHES = Wishes(fees.read())
TABLES = ("messages", "l3_events", "quotes", "trades", "orders", "executions", "decisions", "latency")


def named(run: str) -> Wishes:
    """Wishes with a run's name."""
    return Wishes(fees.read(), run)


def rows_of(store: Store, table: str, run: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a run's rows in the order of their key."""
    return store.table(table, run).select(columns).rows()


@pytest.fixture(scope="module")
def run(opened: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, loaded."""
    folder = tmp_path_factory.mktemp("run")
    make_run(folder)
    assert load(opened, folder, WISHES).run == RUN
    return folder


def test_the_feed_is_every_message_once_in_the_order_of_its_numbers(opened: Store, run: Path) -> None:
    truth = Truth(enumerate(flow(400, 5), 1))
    for table, wanted in (("l3_events", truth.events), ("quotes", truth.quotes), ("trades", truth.trades)):
        found = opened.table(table, RUN).sort("sequence").drop("run", "venue", "t").to_dicts()
        assert found == wanted, table


def test_an_event_has_the_time_of_the_line_that_was_first(opened: Store, run: Path) -> None:
    found = opened.frame(
        "SELECT e.sequence AS sequence, any(e.t) AS t, min(m.t) AS first, count() AS came "
        "FROM hftos.l3_events AS e JOIN hftos.messages AS m ON e.run = m.run AND e.sequence = m.feed_sequence "
        "WHERE e.run = {run:String} GROUP BY 1",
        {"run": RUN},
    )
    assert (found["t"] == found["first"]).all()
    assert set(found["came"].to_list()) == {1, 2}, "some on both lines, some on one alone"


def test_messages_are_the_bytes_of_every_line_and_of_the_orders(opened: Store, run: Path) -> None:
    found = opened.table("messages", RUN)
    sources = ["trader/239.20.0.1:26401", "trader/239.20.0.2:26402", "trader/ouch.in.0", "trader/ouch.out.0"]
    assert sorted(found["source"].unique()) == sources
    raw = {message.encode() for message in flow(400, 5)}
    feed = found.filter(found["feed_sequence"] > 0)
    assert set(feed["payload"]) == raw
    assert feed["kind"].to_list() == [chr(payload[0]) for payload in feed["payload"]]
    assert feed["length"].to_list() == [len(payload) for payload in feed["payload"]]
    for source in sources:
        numbers = found.filter(found["source"] == source)["sequence"].to_list()
        assert numbers == list(range(1, len(numbers) + 1))
    sent = found.filter(found["source"] == sources[3])["payload"].to_list()
    assert sent == [payload for kind, payload, _ in run_maker.conversation() if kind == OUT]


def test_orders_are_one_row_a_message_with_what_belongs_to_their_order(opened: Store, run: Path) -> None:
    columns = ("number", "event", "reference", "replaces", "symbol", "side", "price", "shares", "strategy", "order_ref")
    maker = "0:market_maker"
    assert rows_of(opened, "orders", RUN, *columns) == [
        (1, "entered", 1, 0, "AAPL", "B", 1_000_000, 100, maker, 0),
        (4, "accepted", 1, 0, "AAPL", "B", 1_000_000, 100, maker, 77),
        (5, "executed", 1, 0, "AAPL", "B", 999_900, 40, maker, 77),
        (6, "replace_sent", 2, 1, "AAPL", "B", 1_000_100, 100, maker, 0),
        (8, "replaced", 2, 1, "AAPL", "B", 1_000_100, 60, maker, 78),
        (9, "executed", 2, 0, "AAPL", "B", 1_000_100, 10, maker, 78),
        (10, "cancel_sent", 2, 0, "AAPL", "B", 1_000_100, 0, maker, 78),
        (11, "cancelled", 2, 0, "AAPL", "B", 1_000_100, 50, maker, 78),
    ]
    assert rows_of(opened, "orders", RUN, "exchange_ns", "reason", "tif", "iso")[-1] == (9, "U", "0", "N")


def test_executions_have_their_fees_in_whole_units(opened: Store, run: Path) -> None:
    columns = ("number", "reference", "symbol", "side", "price", "shares", "liquidity", "match", "fee", "strategy")
    maker = "0:market_maker"
    assert rows_of(opened, "executions", RUN, *columns) == [
        (5, 1, "AAPL", "B", 999_900, 40, "R", 500, 40 * 30, maker),
        (9, 2, "AAPL", "B", 1_000_100, 10, "A", 501, -10 * 20, maker),
    ]


def test_decisions_have_names_and_stages_in_ns(opened: Store, run: Path) -> None:
    columns = ("number", "code", "check", "strategy", "reference", "value", "limit", "parsed", "passed", "rung")
    assert rows_of(opened, "decisions", RUN, *columns) == [
        (2, 0, "passed", "0:market_maker", 1, 0, 0, 10, 40, 50),
        (3, 8, "price", "1:imbalance_taker", 0, 7, 9, 10, 0, 0),
        (7, 0, "passed", "0:market_maker", 2, 0, 0, 10, 40, 50),
    ]


def test_latencies_are_those_of_decisions_and_of_the_wire(opened: Store, run: Path) -> None:
    found = {(number, stage): ns for number, stage, ns in rows_of(opened, "latency", RUN, "number", "stage", "ns")}
    nano = opened.frame(
        "SELECT sequence, toUnixTimestamp64Nano(t) AS t FROM hftos.l3_events WHERE run = {run:String}", {"run": RUN}
    )
    came = dict(nano.rows())
    for number, sequence, sent, answered in ((2, 10, 201_000, 259_000), (7, 30, 401_000, 459_000)):
        assert {stage: found[number, stage] for stage in ("parsed", "rung", "tick_to_trade")} == {
            "parsed": 10,
            "rung": 50,
            "tick_to_trade": 50,
        }
        left = BEGIN + sent
        if sequence in came and came[sequence] <= left:
            assert found[number, "wire_to_wire"] == left - came[sequence]
        else:
            assert (number, "wire_to_wire") not in found
        assert found[number, "order_to_ack"] == answered - sent
    assert any(stage == "wire_to_wire" for _, stage in found)


def test_the_live_stream_is_positions_counters_and_states(opened: Store, run: Path) -> None:
    assert rows_of(opened, "positions", RUN, "number", "symbol", "shares", "exposed_buy") == [(2, "AAPL", 40, 60)]
    assert rows_of(opened, "counters", RUN, "number", "name_group", "name", "value") == [
        (3, "nic", "bad", -1),
        (3, "nic", "rx", 5),
    ]
    assert rows_of(opened, "states", RUN, "number", "text") == [(1, "handshaking – é"), (5, "exit 0: time is over")]


def test_loading_again_adds_nothing(opened: Store, run: Path) -> None:
    before = {table: opened.table(table, RUN) for table in TABLES}
    again = load(opened, run, WISHES)
    assert {done.new for done in again.tables.values()} == {0}
    assert again.repaired == ()
    for table, frame in before.items():
        assert opened.table(table, RUN).equals(frame), table


def test_capture_journal_telemetry_and_store_count_the_same(opened: Store, run: Path) -> None:
    counts = run_counts.count(run)
    counts["store"] = run_counts.stored(opened, RUN)
    assert counts["journal"] == {"messages": None, "orders": 2, "executions": 2, "decisions": 3, "refused": 1}
    assert counts["capture"] == {"messages": 404, "orders": 2, "executions": 2, "decisions": None, "refused": None}
    assert counts["telemetry"] == {"messages": 404, "orders": 2, "executions": 2, "decisions": 3, "refused": 1}
    assert counts["store"] == counts["telemetry"]
    assert run_counts.differences(counts) == []
    counts["capture"]["executions"] = 3
    assert run_counts.differences(counts) == ["executions: capture 3, journal 2, telemetry 2, store 2"]


def test_a_run_that_goes_on_is_loaded_as_far_as_it_is_certain(opened: Store, tmp_path: Path) -> None:
    """Cut off anywhere, then whole: the same rows as when it is loaded at once."""
    whole, growing = tmp_path / "whole", tmp_path / "growing"
    make_run(whole, messages=300)
    wanted = named("whole")
    load(opened, whole, wanted)
    for path in sorted(whole.rglob("*.*")):
        (growing / path.relative_to(whole)).parent.mkdir(parents=True, exist_ok=True)
    files = [path for path in sorted(whole.rglob("*")) if path.is_file() and path.name != "report.json"]
    for share in (0.3, 0.31, 0.62, 0.9, 1.0):
        for path in files:
            data = path.read_bytes()
            size = len(data) if path.name == LIVE_NAME else max(100, int(len(data) * share))
            (growing / path.relative_to(whole)).write_bytes(data[:size])
        load(opened, growing, named("growing"))
    shutil.copy(whole / "report.json", growing)
    load(opened, growing, named("growing"))
    for table in TABLES:
        frames = [opened.table(table, name).drop("run") for name in ("whole", "growing")]
        assert frames[0].equals(frames[1]), table
        assert frames[0].height


def test_an_order_whose_decision_has_not_come_yet_waits(opened: Store, tmp_path: Path) -> None:
    records = run_maker.conversation()
    path = tmp_path / "office" / f"{run_maker.JOURNAL_ID:016x}" / JOURNAL_NAME
    run_maker.write_frames(path, [run_maker.hello(), *run_maker.journal_frames(records[:6])])
    first = load(opened, tmp_path, named("waits"))
    assert first.counts["waiting"] == 1
    assert load(opened, tmp_path, Wishes(fees.read(), "final", final=True)).counts["waiting"] == 0
    run_maker.write_frames(path, [run_maker.hello(), *run_maker.journal_frames(records)])
    load(opened, tmp_path, named("waits"))
    strategies = [strategy for (strategy,) in rows_of(opened, "orders", "waits", "strategy")]
    assert strategies == ["0"] * 8, "no figures came, so the strategy has its number"


def test_nothing_behind_a_gap_is_taken_while_it_may_close(opened: Store, tmp_path: Path) -> None:
    feed = flow(200, 9)
    frames = [(BEGIN + first * 1_000, 2, feed_maker.udp(0, payload)) for first, payload in feed_maker.packets(feed, 9)]
    late = frames.pop(20)
    capture = tmp_path / "captures" / "trader.pcapng"
    write_capture(capture, frames)
    first = load(opened, tmp_path, named("gap"))
    assert first.counts["events_waiting"] > 100
    write_capture(capture, [*frames, (frames[-1][0] + 1, 2, late[2])])
    load(opened, tmp_path, named("gap"))
    truth = Truth(enumerate(feed, 1))
    assert opened.table("quotes", "gap").sort("sequence").drop("run", "venue", "t").to_dicts() == truth.quotes


def test_a_gap_that_stays_is_passed_when_the_run_is_over(opened: Store, tmp_path: Path) -> None:
    feed = flow(200, 9)
    packets = list(feed_maker.packets(feed, 9))
    lost = packets.pop(20)
    frames = [(BEGIN + first * 1_000, 2, feed_maker.udp(0, payload)) for first, payload in packets]
    write_capture(tmp_path / "captures" / "trader.pcapng", frames)
    (tmp_path / "report.json").write_text("{}")
    done = load(opened, tmp_path, named("lost"))
    gone = packets[20][0] - lost[0]
    assert done.counts["lost"] == gone
    kept = [(n, m) for n, m in enumerate(feed, 1) if not lost[0] <= n < lost[0] + gone]
    found = opened.table("l3_events", "lost").drop("run", "venue", "t").to_dicts()
    assert found == Truth(kept).events


def test_a_capture_in_several_files_is_one_feed(opened: Store, tmp_path: Path) -> None:
    feed = flow(300, 4)
    frames = lines(feed, 4)
    for number, part in enumerate((frames[:90], frames[90:91], frames[91:])):
        write_capture(tmp_path / "captures" / f"trader-{number}.pcapng", part)
    (tmp_path / "report.json").write_text("{}")
    load(opened, tmp_path, named("rotated"))
    found = opened.table("l3_events", "rotated").drop("run", "venue", "t").to_dicts()
    assert found == Truth(enumerate(feed, 1)).events


def test_two_feeds_are_two_venues_and_two_servers_have_numbers_of_their_own(opened: Store, tmp_path: Path) -> None:
    frames = [
        (BEGIN + first * 1_000 + place, 2, feed_maker.udp(place, payload))
        for place, session in enumerate(("SECOND", feed_maker.SESSION))
        for first, payload in feed_maker.packets(flow(50, place), place, session)
    ]
    write_capture(tmp_path / "captures" / "trader.pcapng", sorted(frames, key=lambda frame: frame[0]))
    for place, server in enumerate((0xAB, 0x12)):
        greeting = run_maker.hello()
        message = greeting.message
        assert isinstance(message, Hello)
        again = Frame(0, 0, BEGIN + place * 1_000, message.replace(session=server))
        frames_of = [frame._replace(time=frame.time + place * 1_000) for frame in run_maker.live_frames(1)]
        run_maker.write_frames(tmp_path / "office" / f"{server:016x}" / LIVE_NAME, [again, *frames_of])
    (tmp_path / "report.json").write_text("{}")
    done = load(opened, tmp_path, WISHES)
    assert done.run == RUN, "named after the first server"
    assert look_into(tmp_path).names.sessions == (feed_maker.SESSION,)
    venues = opened.rows(
        "SELECT venue, count() FROM hftos.l3_events WHERE run = {r:String} GROUP BY 1", {"r": done.run}
    )
    assert {venue for venue, _ in venues} >= {0, 1}
    assert len(rows_of(opened, "states", done.run, "number")) == 4
    opened.forget(done.run)


def test_feeds_of_several_venues_under_one_session_are_kept_apart(opened: Store, tmp_path: Path) -> None:
    flows = [flow(120, seed) for seed in (1, 2)]
    frames = [
        (BEGIN + first * 1_000 + line, 2, feed_maker.udp(2 * venue + line, payload))
        for venue, feed in enumerate(flows)
        for line in (0, 1)
        for first, payload in feed_maker.packets(feed, 7 + venue)
        if (first + line) % 5  # each line lacks some packets, the other has them
    ]
    write_capture(tmp_path / "captures" / "trader.pcapng", sorted(frames, key=lambda frame: frame[0]))
    (tmp_path / "report.json").write_text("{}")
    load(opened, tmp_path, named("venues"))
    found = opened.table("l3_events", "venues")
    for venue, feed in enumerate(flows):
        rows = found.filter(found["venue"] == venue).drop("run", "venue", "t").to_dicts()
        assert rows == Truth(enumerate(feed, 1)).events


def test_damaged_and_foreign_files_are_named(opened: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no run: neither captures/trader\*\.pcapng nor office"):
        load(opened, tmp_path, WISHES)
    journal = tmp_path / "office" / f"{1:016x}" / JOURNAL_NAME
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"something else")
    with pytest.raises(StoreError, match=r"journal\.bin is no file of the management stream"):
        load(opened, tmp_path, WISHES)
    journal.write_bytes(MAGIC + run_maker.hello().encode() + b"\xff" * 40)
    with pytest.raises(StoreError, match=r"journal\.bin: damaged: "):
        load(opened, tmp_path, WISHES)
    capture = tmp_path / "captures" / "trader.pcapng"
    capture.parent.mkdir()
    journal.unlink()
    capture.write_bytes(b"no capture at all, but bytes")
    with pytest.raises(StoreError, match=r"trader\.pcapng: not a pcap or pcapng file"):
        load(opened, tmp_path, WISHES)
    write_capture(capture, lines(flow(20, 1), 1))
    data = bytearray(capture.read_bytes())
    data[-4:] = b"\xff\xff\xff\xff"
    capture.write_bytes(data)
    with pytest.raises(StoreError, match=r"trader\.pcapng is damaged: "):
        load(opened, tmp_path, WISHES)


def test_messages_of_other_types_and_garbage_in_a_feed_are_counted_or_passed_over(
    opened: Store, tmp_path: Path
) -> None:
    noise = [
        itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=1, event_code="O").encode(),
        b"",
        b"A",
        b"?",
    ]
    packet = mold.encode_packet(feed_maker.SESSION, 1, [*noise, b"A" * 36])
    path = tmp_path / "odd.pcapng"
    write_capture(path, [(BEGIN, 2, feed_maker.udp(0, packet)), (BEGIN + 1, 2, feed_maker.udp(0, b"no packet"))])
    done = load(opened, path, WISHES)
    assert done.run == "20270115T080000-odd"
    assert (done.counts["other_datagrams"], done.counts["malformed"], done.counts["feed_messages"]) == (1, 4, 5)
    assert opened.table("messages", done.run).height == 4, "an empty message has no bytes to keep"
