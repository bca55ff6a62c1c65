"""A run of the real trader, order by order: every part of the way is found, and what is missing is said."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from office import files
from office.capture.source import Capture
from office.explain.cli import explain as command
from office.explain.document import checks
from office.explain.timeline import price, steps
from protocols import itch50, management, ouch50
from protocols.management import Decision
from protocols.pcap_write import OUTBOUND, PcapngWriter
from protocols.risk_checks import NAMES, WALK
from tests.office import lockstep_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lockstep_run.make(tmp_path_factory.mktemp("explained") / "run")


def told(run: Path, *arguments: object) -> Result:
    result = CliRunner().invoke(command, ["--run", str(run), *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def explained(run: Path, *arguments: object) -> Any:
    result = told(run, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def decisions(run: Path) -> list[tuple[int, Decision]]:
    return [(entry.number, entry.decision()) for entry in files.journal(run) if entry.kind == management.DECISION]


@pytest.mark.parametrize("order", range(1, lockstep_run.TICKS + 1))
def test_every_order_is_explained_whole(run: Path, order: int) -> None:
    found = explained(run, order)
    assert found["missing"] == []
    decision, market = found["decision"], found["market"]
    # The message that the decision names is in the packet, and it is the one that moved the book.
    assert market["messages"][-1]["sequence"] == decision["sequence"] == market["sequence"]
    assert market["messages"][-1]["type"] == itch50.AddOrder.TYPE
    assert market["messages"][-1]["stock"] == decision["symbol"]
    assert len(market["also"]) == 1  # the other line's copy, which came later
    assert market["also"][0]["capture_ns"] > market["capture_ns"]
    change = found["book"]["changes"]
    assert [(row["side"], row["price"], row["after"] - row["before"]) for row in change] == [
        ("B", market["messages"][-1]["price"], market["messages"][-1]["shares"])
    ]
    assert found["book"]["after"]["asks"][0][0] == decision["price"]
    # The order left after the market data came, and before its answer.
    (entered,) = found["sent"]
    assert entered["user_ref_num"] == order
    assert market["capture_ns"] < entered["capture_ns"] < found["answers"][0]["capture_ns"]
    assert (entered["quantity"], entered["price"]) == (decision["shares"], decision["price"])
    assert [answer["type"] for answer in found["answers"]] == (["A", "E"] if order % 3 == 0 else ["A", "C"])
    assert {check["outcome"] for check in found["checks"]} == {"passed"}
    position = found["position"]
    filled = decision["shares"] if order % 3 == 0 else 0
    assert (position["bought"], position["paid"]) == (filled, filled * decision["price"])
    assert position["after"] == position["before"] + filled


def test_positions_add_up_over_the_run(run: Path) -> None:
    held: dict[str, int] = {}
    for order in range(1, lockstep_run.TICKS + 1):
        position = explained(run, order)["position"]
        assert position["before"] == held.get(position["symbol"], 0)
        held[position["symbol"]] = position["after"]
    assert sum(held.values()) > 0


def test_a_refused_decision_is_explained_by_its_number(run: Path) -> None:
    number, refused = next((number, one) for number, one in decisions(run) if one.code)
    found = explained(run, "--decision", number)
    assert (found["order"], found["sent"], found["answers"]) == (None, [], [])
    assert found["decision"]["check"] == NAMES[refused.code]
    outcomes = [check["outcome"] for check in found["checks"]]
    place = WALK.index(refused.code)
    assert outcomes == ["passed"] * place + ["refused"] + ["not reached"] * (len(WALK) - place - 1)
    assert (found["checks"][place]["value"], found["checks"][place]["limit"]) == (refused.value, refused.limit)
    assert found["market"]["sequence"] == refused.sequence
    shown = told(run, "--decision", number).output
    assert f"refused by {NAMES[refused.code]}" in shown


def test_a_decision_that_was_sent_is_its_order(run: Path) -> None:
    number, sent = next((number, one) for number, one in decisions(run) if one.reference == 5)
    assert explained(run, "--decision", number) == explained(run, sent.reference)


def test_the_page_has_every_step_in_its_order(run: Path) -> None:
    document = explained(run, 3)
    assert [step.part for step in steps(document)] == [
        *("market data", "book", "decision", "risk", "order", "acknowledged", "fill", "position"),
    ]
    shown = told(run, 3).output
    for text in ("Order 3 at venue 0", "message ", "all 25 checks passed", "Enter Order 3: buy", "Order Executed: "):
        assert text in shown
    assert "missing:" not in shown


def copy_of(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "run"))


def test_without_a_capture_the_rest_is_told(run: Path, tmp_path: Path) -> None:
    place = copy_of(run, tmp_path)
    shutil.rmtree(place / "captures")
    found = explained(place, 3)
    assert (found["market"], found["book"]) == (None, None)
    assert found["decision"]["symbol"] == "TICK03"
    assert [answer["type"] for answer in found["answers"]] == ["A", "E"]
    assert found["sent"][0]["packet"] is None
    assert any(text.startswith("no capture: ") for text in found["missing"])
    assert any("the frames of the order are not known" in text for text in found["missing"])
    assert "missing: no capture" in told(place, 3).output


def test_a_capture_that_ends_early_is_told(run: Path, tmp_path: Path) -> None:
    place = copy_of(run, tmp_path)
    capture = place / "captures" / "trader.pcapng"
    whole = explained(run, 10)
    data = capture.read_bytes()
    capture.write_bytes(data[: len(data) * 6 // 10])
    found = explained(place, lockstep_run.TICKS)
    assert any("ends inside a block" in text for text in found["missing"])
    assert any(text.endswith("of the feed is in no packet") for text in found["missing"])
    assert any("is in no frame of the capture" in text for text in found["missing"])
    assert whole["missing"] == []


def test_a_journal_without_the_decision_is_told(run: Path, tmp_path: Path) -> None:
    place = copy_of(run, tmp_path)
    path = place / "office" / f"{lockstep_run.JOURNAL:016x}" / "journal.bin"
    kept = [
        frame.encode()
        for frame in files.read(path)
        if not (isinstance(frame.message, management.JournalRecord) and frame.message.kind == management.DECISION)
    ]
    path.write_bytes(b"HFTOSM01" + b"".join(kept))
    found = explained(place, 3)
    assert found["decision"] is None
    assert any(text.startswith("no decision in the journal") for text in found["missing"])
    assert found["position"] == {
        "symbol": "TICK03",
        "before": 0,
        "bought": 100,
        "sold": 0,
        "after": 100,
        "paid": 100_020_000,
    }


def rewritten(run: Path, tmp_path: Path, change: Callable[[list[management.Frame]], list[management.Frame]]) -> Path:
    """A copy of the run whose journal's frames are changed; they are numbered anew."""
    place = copy_of(run, tmp_path)
    path = place / "office" / f"{lockstep_run.JOURNAL:016x}" / "journal.bin"
    frames = change(list(files.read(path)))
    numbered = itertools.count(1)
    frames = [
        frame if frame.stream == management.CONTROL else frame._replace(number=next(numbered)) for frame in frames
    ]
    path.write_bytes(b"HFTOSM01" + b"".join(frame.encode() for frame in frames))
    return place


def test_a_purchase_is_none_the_less_where_its_own_message_is_missing(run: Path, tmp_path: Path) -> None:
    def without_orders(frames: list[management.Frame]) -> list[management.Frame]:
        kind = management.OUT
        return [each for each in frames if getattr(each.message, "kind", None) != kind]

    found = explained(rewritten(run, tmp_path, without_orders), 30)
    assert "the message that entered the order is not in the journal" in found["missing"]
    position = explained(run, 30)["position"]
    assert position["bought"] > 0
    assert found["position"] == position


def test_a_broken_trade_is_taken_back(run: Path, tmp_path: Path) -> None:
    def broken(frames: list[management.Frame]) -> list[management.Frame]:
        # Order 3 and its fill; its trade is broken behind the fill of order 6, and once more, which says nothing new.
        made = []
        match = 0
        for frame in frames:
            made.append(frame)
            record = frame.message
            if not isinstance(record, management.JournalRecord) or record.kind != management.IN:
                continue
            answer = ouch50.decode_outbound(record.body)
            if isinstance(answer, ouch50.OrderExecuted) and answer.user_ref_num == 3:
                match = answer.match_number
            if isinstance(answer, ouch50.OrderExecuted) and answer.user_ref_num == 6:
                void = ouch50.BrokenTrade(timestamp=1, user_ref_num=3, match_number=match, reason="E", cl_ord_id="")
                made += [frame._replace(message=record.replace(body=void.encode()))] * 2
        return made

    place = rewritten(run, tmp_path, broken)
    found = explained(place, 3)
    assert [answer["type"] for answer in found["answers"]] == ["A", "E", "B", "B"]
    position = found["position"]
    assert (position["bought"], position["paid"], position["after"]) == (0, 0, position["before"])
    assert explained(place, 6)["position"]["bought"] == 100
    symbol = explained(run, 3)["position"]["symbol"]
    later = [order for order in range(9, 31) if explained(run, order)["position"]["symbol"] == symbol]
    assert later
    for order in later:
        before = explained(run, order)["position"]["before"]
        assert explained(place, order)["position"]["before"] == before - 100
    assert "is void" in told(place, 3).output


def heard(frame: management.Frame) -> bool:
    return isinstance(frame.message, management.JournalRecord) and frame.message.kind == management.IN


def entered(frame: management.Frame) -> int:
    """UserRefNum of the order that a record of the journal enters, 0 for none."""
    record = frame.message
    if not isinstance(record, management.JournalRecord) or record.kind != management.OUT:
        return 0
    sent = ouch50.decode_inbound(record.body)
    return sent.user_ref_num if isinstance(sent, ouch50.EnterOrder) else 0


def a_day_later(frame: management.Frame) -> management.Frame:
    """The same, but that the exchange answers at another time of its day."""
    if not heard(frame):
        return frame
    answer = ouch50.decode_outbound(frame.message.body)
    return frame._replace(message=frame.message.replace(body=answer.replace(timestamp=answer.timestamp + 1).encode()))


def test_what_the_exchange_says_again_after_a_restart_is_told_once(run: Path, tmp_path: Path) -> None:
    place = rewritten(run, tmp_path, lambda frames: frames + [each for each in frames if heard(each)])
    for order in (3, 6):
        found, before = explained(place, order), explained(run, order)
        assert found["answers"] == before["answers"]
        assert found["position"] == before["position"]


def test_with_a_new_journal_what_was_held_is_what_the_exchange_says_again(run: Path, tmp_path: Path) -> None:
    orders = range(1, lockstep_run.TICKS + 1)
    last = max(order for order in orders if explained(run, order)["position"]["before"])

    def restarted(frames: list[management.Frame]) -> list[management.Frame]:
        # A machine that starts again begins a journal: of the orders before, it has what the exchange says again.
        own = next(place for place, frame in enumerate(frames) if entered(frame) == last)
        return [each for each in frames[:own] if heard(each) or each.stream == management.CONTROL] + frames[own:]

    found = explained(rewritten(run, tmp_path, restarted), last)["position"]
    assert found == explained(run, last)["position"]


def test_orders_of_two_days_with_one_number_are_told_apart(run: Path, tmp_path: Path) -> None:
    def twice(frames: list[management.Frame]) -> list[management.Frame]:
        return frames + [a_day_later(each) for each in frames if each.stream != management.CONTROL]

    place = rewritten(run, tmp_path, twice)
    first, second = [number for number, one in decisions(place) if one.reference == 3]
    refused = told(place, 3)
    assert refused.exit_code == 1
    assert f"the journal has 2 orders 3, of several days: name one by --decision {first} or {second}" in refused.output
    days = [explained(place, "--decision", number) for number in (first, second)]
    for day, number in zip(days, (first, second), strict=True):
        assert day["decision"]["number"] == number
        assert ([told["type"] for told in day["sent"]], [told["type"] for told in day["answers"]]) == (
            ["O"],
            ["A", "E"],
        )
        assert day["sent"][0]["number"] == number - 1
        assert day["position"]["bought"] == 100


def test_a_session_that_the_capture_does_not_have_is_named(run: Path) -> None:
    assert explained(run, 3, "--session", "NONE")["missing"] == [
        "the capture has no feed session 'NONE'; it has ICOUNT"
    ]


def test_without_a_greeting_stages_have_no_unit(run: Path, tmp_path: Path) -> None:
    place = copy_of(run, tmp_path)
    for path in place.glob("office/*/*.bin"):
        kept = [frame.encode() for frame in files.read(path) if not isinstance(frame.message, management.Hello)]
        path.write_bytes(b"HFTOSM01" + b"".join(kept))
    found = explained(place, 3)
    assert any("stages have no unit" in text for text in found["missing"])


def two_feeds(run: Path, tmp_path: Path) -> Path:
    """The run, with every packet of its feed a second time in another session, as another venue's would be."""
    place = copy_of(run, tmp_path)
    path = place / "captures" / "trader.pcapng"
    with Capture(run) as capture:
        frames = [(int(time), capture.parts[0].frame(row)) for row, time in enumerate(capture.times)]
    with PcapngWriter(path, "trader") as writer:
        for time, frame in frames:
            writer.write(OUTBOUND, frame, time)
            if b"ICOUNT    " in frame:
                writer.write(OUTBOUND, frame.replace(b"ICOUNT    ", b"OTHER     "), time)
    return place


def test_of_two_feeds_none_is_guessed(run: Path, tmp_path: Path) -> None:
    place = two_feeds(run, tmp_path)
    found = explained(place, 3)
    assert (found["market"], found["book"]) == (None, None)
    assert any(
        "is in sessions ICOUNT, OTHER: which of them is venue 0's is not known" in text for text in found["missing"]
    )
    assert explained(place, 3, "--session", "ICOUNT")["market"] == {
        **explained(run, 3)["market"],
        **{key: explained(place, 3, "--session", "ICOUNT")["market"][key] for key in ("packet", "also")},
    }


@pytest.mark.parametrize("figures", [{"feed": {"session": "OTHER"}}, {"venues": {"A": {"session": "OTHER"}, "B": {}}}])
def test_the_servers_own_figures_say_which_feed_it_is(run: Path, tmp_path: Path, figures: dict[str, Any]) -> None:
    place = two_feeds(run, tmp_path)
    live = place / "office" / f"{lockstep_run.SESSION:016x}" / "live.bin"
    body = json.dumps({**figures, "strategies": {"0:imbalance_taker": {}, "1:imbalance_taker": {}}}).encode()
    with live.open("ab") as file:
        file.write(management.Frame(management.LIVE, 1, lockstep_run.UTC, management.Stats(body=body)).encode())
    found = explained(place, 3)
    if "venues" in figures:  # the second venue's session is not there: then nothing of it is believed
        assert found["market"] is None
    else:
        assert found["market"]["session"] == "OTHER"
        assert found["decision"]["strategy_kind"] == "imbalance_taker"
        assert "strategy 0 (imbalance_taker): buy" in told(place, 3).output


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("999",), 1, "the journal has no order 999; it has orders 1 to 30"),
        (("--decision", "99999"), 1, "the journal has records 1 to "),
        (("--decision", "2"), 1, "record 2 is no decision but an order message"),
        ((), 2, "say what to explain: ORDER, its UserRefNum, or --decision NUMBER"),
        (("3", "--decision", "1"), 2, "say what to explain"),
        (("3", "--venue", "2"), 1, "the journal has no order 3 at venue 2; it has orders 1 to 30"),
        (("0",), 2, "0 is not in the range x>=1"),
    ],
)
def test_what_cannot_be_explained_is_named(run: Path, arguments: tuple[str, ...], status: int, said: str) -> None:
    result = told(run, *arguments)
    assert result.exit_code == status
    assert said in result.output


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    assert "has no journal in" in told(tmp_path, 1).output
    assert "no such folder; name that of a run with --run" in told(tmp_path / "nowhere", 1).output
    (tmp_path / "office" / ("0" * 15 + "1")).mkdir(parents=True)
    (tmp_path / "office" / ("0" * 15 + "1") / "journal.bin").write_bytes(b"something")
    result = told(tmp_path, 1)
    assert result.exit_code == 1
    assert "is no file of the management stream" in result.output


def test_a_check_of_another_version_is_shown_by_its_number(run: Path) -> None:
    _, one = next(each for each in decisions(run) if each[1].code)
    rows = checks(one.replace(code=77))
    assert rows == [{"check": "check 77", "outcome": "refused", "value": one.value, "limit": one.limit}]


@pytest.mark.parametrize(
    ("value", "text"), [(1_000_200, "100.02"), (5, "0.0005"), (-12_345_600, "-1,234.56"), (0, "0.00")]
)
def test_prices_are_shown_in_dollars(value: int, text: str) -> None:
    assert price(value) == text
