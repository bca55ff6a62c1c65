"""Several journals in a run's folder: a trader that started again, other logins, other clocks, other servers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from protocols import ouch50
from protocols.management import DECISION, IN, OUT, Frame, Hello
from protocols.management_files import JOURNAL_NAME, LIVE_NAME
from protocols.order_capture import CapturedOrder
from protocols.tcp_capture import Flow
from store import fees, load_wire, run_counts
from store.analytics import executions, market, own_orders, source
from store.captured_feed import Captured
from store.client import Store
from store.errors import StoreError
from store.load import Wishes, load
from store.load_journal import Journalled, Sent
from store.run_folder import look_into
from store.segments import FILE_SHIFT, LOGIN_SHIFT
from tests.store import run_maker
from tests.store.feed_maker import BEGIN
from tests.store.run_maker import ENTER, LIVE_ORDER, RUN, passed

S = 1_000_000_000
WISHES = Wishes(fees.read())
Record = tuple[int, bytes, int]


def named(run: str) -> Wishes:
    return Wishes(fees.read(), run)


def said(kind: int, *messages: Any) -> list[Record]:
    return [(kind, message.encode(), 1_000 * place) for place, message in enumerate(messages)]


def started(at: int) -> list[Record]:
    """What a login begins with."""
    return said(IN, ouch50.SystemEvent(timestamp=at, event_code="S"))


def order(reference: int, match: int, *, strategy: int = 0, **other: Any) -> list[Record]:
    """An order of 100 shares, sent, accepted and executed whole."""
    stamps: dict[str, Any] = {"user_ref_num": reference, "timestamp": match}
    fill: dict[str, Any] = {"quantity": 100, "price": 999_900, "liquidity_flag": "R", "match_number": match}
    return [
        *said(OUT, ouch50.EnterOrder(user_ref_num=reference, **ENTER | other)),
        *said(DECISION, passed(reference, 0).replace(strategy=strategy)),
        *said(IN, ouch50.OrderAccepted(**LIVE_ORDER | other | stamps)),
        *said(IN, ouch50.OrderExecuted(**stamps, **fill)),
    ]


def replaced(reference: int, by: int) -> list[Record]:
    """A replacement, sent."""
    unchanged = {name: ENTER[name] for name in ("display", "inter_market_sweep_eligibility", "cl_ord_id")}
    values: dict[str, Any] = {"quantity": 100, "price": 1, "time_in_force": "0"}
    message = ouch50.ReplaceOrder(orig_user_ref_num=reference, user_ref_num=by, **values, **unchanged)
    return [*said(OUT, message), *said(DECISION, passed(by, 0, reference))]


def heard(records: Iterable[Record]) -> list[Record]:
    """What the exchange says again of it."""
    return [record for record in records if record[0] == IN]


def write(folder: Path, place: int, records: list[Record], *, later: int = 0, live: bool = True, **of: Any) -> None:
    """The files of the server's run number `place`, which began `later` s after the first."""
    greeting = run_maker.hello().message
    assert isinstance(greeting, Hello)
    session, journal = run_maker.SERVER + place, run_maker.JOURNAL_ID + place
    hello = Frame(0, 0, BEGIN, greeting.replace(session=session, journal=journal, **of))
    names = {"journal": run_maker.journal_frames(records), "live": run_maker.live_frames(1)}
    for number, name, frames in (
        (journal, JOURNAL_NAME, names["journal"]),
        *([(session, LIVE_NAME, names["live"])] if live else []),
    ):
        moved = [frame._replace(time=frame.time + later * S) for frame in (hello, *frames)]
        run_maker.write_frames(folder / "office" / f"{number:016x}" / name, moved)
    (folder / "report.json").write_text("{}")


FIRST = [*started(1), *order(1, 500)]
AGAIN = [*heard(FIRST), *order(2, 501)]


@pytest.fixture
def restarted(tmp_path: Path) -> Path:
    """A trader that started again on the same day: the exchange tells its new run all that the first one heard."""
    write(tmp_path, 0, FIRST)
    write(tmp_path, 1, AGAIN, later=60)
    return tmp_path


def test_what_the_exchange_says_again_after_a_restart_is_stored_once(opened: Store, restarted: Path) -> None:
    done = load(opened, restarted, named("again"))
    assert done.counts["repeated"] == len(heard(FIRST))
    found = opened.table("executions", "again")
    assert found.select("number", "reference", "match", "fee").rows() == [
        (5, 1, 500, 100 * 30),
        ((1 << FILE_SHIFT) + 7, 2, 501, 100 * 30),
    ]
    events = opened.table("orders", "again")["event"].to_list()
    assert events == ["system", "entered", "accepted", "executed", "entered", "accepted", "executed"]
    assert {part.new for part in load(opened, restarted, named("again")).tables.values()} == {0}


def test_a_restart_that_comes_after_a_load_gives_the_same_rows(opened: Store, restarted: Path, tmp_path: Path) -> None:
    load(opened, restarted, named("at once"))
    alone = tmp_path / "alone"
    write(alone, 0, FIRST)
    load(opened, alone, named("by and by"))
    write(alone, 1, AGAIN, later=60)
    load(opened, alone, named("by and by"))
    for table in ("orders", "executions", "decisions", "latency"):
        frames = [opened.table(table, name).drop("run") for name in ("at once", "by and by")]
        assert frames[0].equals(frames[1]), table


def test_counts_of_a_restart_have_each_execution_once(opened: Store, restarted: Path) -> None:
    load(opened, restarted, named("counted"))
    journal = run_counts.count(restarted)["journal"]
    assert (journal["executions"], journal["orders"]) == (2, 2)
    assert run_counts.differences({"journal": journal, "store": run_counts.stored(opened, "counted")}) == []


def test_orders_of_two_logins_with_one_number_are_two(opened: Store, tmp_path: Path) -> None:
    sale: dict[str, Any] = {"symbol": "MSFT", "side": "S"}
    write(tmp_path, 0, [*started(1), *order(2, 500, strategy=1, **sale), *replaced(2, 3)])
    write(tmp_path, 1, [*started(2), *order(2, 500)], later=86_400)
    load(opened, tmp_path, named("logins"))
    found = opened.table("orders", "logins")
    assert found.filter(found["event"] == "replace_sent").select("symbol", "side").rows() == [("MSFT", "S")]
    fills = opened.table("executions", "logins").select("number", "symbol", "side", "strategy").rows()
    assert fills == [
        (5, "MSFT", "S", "1:imbalance_taker"),
        ((1 << LOGIN_SHIFT) + 5, "AAPL", "B", "0:market_maker"),
    ]


def test_analytics_have_the_orders_of_two_logins_apart(opened: Store, tmp_path: Path) -> None:
    sale: dict[str, Any] = {"symbol": "MSFT", "side": "S"}
    broken = ouch50.BrokenTrade(timestamp=9, user_ref_num=2, match_number=500, reason="E", cl_ord_id="")
    write(tmp_path, 0, [*started(1), *order(2, 500, **sale), *said(IN, broken)])
    write(tmp_path, 1, [*started(2), *order(2, 500)], later=86_400)
    load(opened, tmp_path, named("apart"))
    given = source.from_store(opened, "apart")
    there = market.build(given)
    fills = executions.build(given, there)
    orders = own_orders.build(given, there, fills, S)
    assert orders.select("login", "reference", "symbol", "executed").rows() == [(0, 2, "MSFT", 0), (1, 2, "AAPL", 100)]


def test_analytics_take_the_orders_of_a_restart_as_one_login(opened: Store, restarted: Path) -> None:
    load(opened, restarted, named("one"))
    given = source.from_store(opened, "one")
    assert given.orders["login"].unique().to_list() == [0]
    assert given.executions["reference"].to_list() == [1, 2]


@pytest.mark.parametrize("live", [True, False])
def test_each_runs_latencies_are_by_its_own_clock(opened: Store, tmp_path: Path, live: bool) -> None:
    run = f"clocks {live}"
    write(tmp_path, 0, FIRST, live=live)
    write(tmp_path, 1, AGAIN, later=60, live=live, ticks_per_second=1_000_000_000)
    load(opened, tmp_path, named(run))
    found = opened.table("latency", run)
    assert found.filter(found["stage"] == "tick_to_trade")["ns"].to_list() == [50, 125]


def test_a_journal_waits_while_its_login_is_not_known(opened: Store, tmp_path: Path) -> None:
    write(tmp_path, 0, FIRST)
    refused = [(DECISION, run_maker.REFUSED.encode(), 0)]
    write(tmp_path, 1, refused, later=60)
    assert len(look_into(tmp_path).journals) == 2
    (tmp_path / "report.json").unlink()
    assert len(look_into(tmp_path).journals) == 1
    assert len(look_into(tmp_path, final=True).journals) == 2
    loaded = load(opened, tmp_path, Wishes(fees.read(), "final", final=True))
    assert loaded.counts["waiting"] == 0
    assert opened.table("decisions", "final")["check"].to_list() == ["passed", "price"]
    write(tmp_path, 1, [*refused, *started(2)], later=60)
    assert [journal.base for journal in look_into(tmp_path).journals] == [0, 1 << LOGIN_SHIFT]


def test_journals_of_several_servers_are_refused(opened: Store, tmp_path: Path) -> None:
    write(tmp_path, 0, FIRST)
    write(tmp_path, 1, FIRST, host="hft2")
    with pytest.raises(StoreError, match=r"of several servers \(hft1, hft2\), .* into a folder of its own"):
        load(opened, tmp_path, named("servers"))


def test_a_file_whose_clock_is_earlier_renames_no_run_in_silence(opened: Store, tmp_path: Path) -> None:
    write(tmp_path, 0, FIRST)
    assert load(opened, tmp_path, WISHES).run == RUN
    load(opened, tmp_path, named("numbers"))
    write(tmp_path, 1, [*started(2), *order(1, 500)], later=-60)
    again = f"in the store as run {RUN}, and would be loaded again as 20270115T075900-.*hftos store forget {RUN}"
    with pytest.raises(StoreError, match=again):
        load(opened, tmp_path, WISHES)
    with pytest.raises(StoreError, match=r"run numbers was loaded when the files of .* had other numbers: a file"):
        load(opened, tmp_path, named("numbers"))
    opened.forget(RUN)
    done = load(opened, tmp_path, WISHES)
    assert done.run.startswith("20270115T075900-")
    assert opened.table("executions", done.run).height == 2
    assert opened.table("executions", "numbers").height == 1


def test_a_run_whose_files_had_numbers_that_none_has_now_is_not_loaded_again(opened: Store, restarted: Path) -> None:
    load(opened, restarted, named("other numbers"))
    write(restarted, 1, [*started(2), *order(2, 501)], later=60)
    with pytest.raises(StoreError, match=r"had other numbers: .*hftos store forget other numbers`, and load it anew"):
        load(opened, restarted, named("other numbers"))
    assert opened.table("executions", "other numbers").height == 2


def test_a_file_that_comes_later_leaves_the_numbers_as_they_were(opened: Store, tmp_path: Path) -> None:
    write(tmp_path, 0, FIRST)
    load(opened, tmp_path, named("later"))
    write(tmp_path, 1, [*started(2), *order(1, 500)], later=60)
    assert load(opened, tmp_path, named("later")).tables["executions"] == (1, 1)


class Put:
    """Takes what is handed to a pipeline."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def put(self, _table: str, batch: Any) -> None:
        self.rows += batch.to_pylist()


def test_connections_of_two_logins_are_told_by_what_the_exchange_said(tmp_path: Path) -> None:
    """Both sent the same order 1; each is joined with its own times."""
    write(tmp_path, 0, FIRST)
    journalled, captured, put = Journalled(), Captured(), Put()
    sent = ouch50.EnterOrder(user_ref_num=1, **ENTER)
    for login in (0, 1):
        answer = ouch50.OrderAccepted(**LIVE_ORDER | {"user_ref_num": 1, "timestamp": login})
        flow = Flow(1, 2, 3, 4, login)
        for place, (one, message) in enumerate(((flow, sent), (flow.reverse, answer))):
            journalled.note(message.encode(), login, 0)
            time = BEGIN + login * S + place * (100 + login)
            captured.orders.append(CapturedOrder(one, time, message is sent, message.encode(), message))
        journalled.sent.append(Sent((login << LOGIN_SHIFT) + 2, BEGIN, 0, 1, 0, 0, "C"))
    load_wire.load(look_into(tmp_path), captured, journalled, put)  # type: ignore[arg-type]
    assert [(row["number"] >> LOGIN_SHIFT, row["stage"], row["ns"]) for row in put.rows] == [
        (0, "order_to_ack", 100),
        (1, "order_to_ack", 101),
    ]
