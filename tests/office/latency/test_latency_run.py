"""A run's folder, read whole: hops, checks, notes, and what happens when parts are missing or damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from office.latency import journal, run, ticks
from office.latency.histogram import Histogram
from office.latency.hops import NAMES
from office.latency.measured import SourceError
from protocols import management_files
from protocols.management import CONTROL, DECISION, LIVE, Decision, Frame, Hello, JournalRecord, Latency
from protocols.management_files import JOURNAL_NAME
from protocols.pcap_read import read
from protocols.pcap_rotate import LEAST_BYTES, RotatingWriter
from protocols.pcap_write import OUTBOUND
from tests.office.latency.run_maker import JOURNAL_ID, SESSION, Made, hello, make_live, make_run, write_frames

COUNT = 120


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Made]]:
    folder = tmp_path_factory.mktemp("template")
    return folder, make_run(folder, COUNT)


@pytest.fixture
def folder(template: tuple[Path, list[Made]], tmp_path: Path) -> Path:
    """A run of its own."""
    return Path(shutil.copytree(template[0], tmp_path / "run"))


def journal_of(folder: Path) -> Path:
    return folder / "office" / f"{JOURNAL_ID:016x}" / JOURNAL_NAME


def test_every_hop_is_measured_and_counts_agree(template: tuple[Path, list[Made]]) -> None:
    folder, orders = template
    found = run.load(folder)
    measured = found.measured
    caused = sum(order.cause in "BT" for order in orders)
    assert set(measured.histograms) == {*NAMES, "strategy.0"}
    for name in ("wire_to_wire", "tick_to_trade", "outside_program", "doorbell"):
        assert measured.histograms[name].total == caused
    assert measured.histograms["order_to_ack"].total == COUNT
    assert measured.histograms["order_to_fill"].total == sum(order.fill is not None for order in orders)
    assert measured.checks == [f"the trader's 6 histograms are its {caused} first orders' decisions'"]
    assert (measured.quotable, measured.reason) == (False, "tcg: no KVM here")
    assert found.orders["run"].unique().to_list() == [f"20270115T080001-{SESSION:016x}"]


def test_parts_of_a_hop_add_up_to_it(template: tuple[Path, list[Made]]) -> None:
    found = run.load(template[0])
    assert [each.whole for each in found.measured.breakdowns] == ["wire_to_wire", "tick_to_trade"]
    for whole, count, parts in found.measured.breakdowns:
        values = found.measured.series[whole].values
        assert count == len(values)
        assert sum(mean for _, mean in parts) == pytest.approx(values.mean())


def test_the_timeline_adds_up_to_the_whole(template: tuple[Path, list[Made]]) -> None:
    measured = run.load(template[0], interval=50_000_000).measured
    for name, intervals in measured.timeline.items():
        assert sum(each.histogram.total for each in intervals) == measured.histograms[name].total
        if name in measured.series:
            assert all(each.length == 50_000_000 and each.start % 50_000_000 == 0 for each in intervals)


def test_progress_ends_at_the_size_of_the_captures(template: tuple[Path, list[Made]]) -> None:
    steps: list[tuple[int, int]] = []
    run.load(template[0], progress=lambda done, size: steps.append((done, size)))
    size = (template[0] / "captures" / "trader.pcapng").stat().st_size
    assert steps[-1] == (size, size)


def test_without_captures_the_stages_are_there_and_the_wire_is_not(folder: Path) -> None:
    shutil.rmtree(folder / "captures")
    measured = run.load(folder).measured
    assert "tick_to_trade" in measured.histograms
    assert "wire_to_wire" not in measured.histograms
    assert any("nothing is known of the wire" in note for note in measured.notes)


def test_without_decisions_the_traders_histograms_are_shown(folder: Path) -> None:
    shutil.rmtree(journal_of(folder).parent)
    measured = run.load(folder).measured
    assert {"tick_to_trade", "doorbell", "strategy.0"} <= set(measured.histograms)
    assert measured.histograms["tick_to_trade"].total > 0
    assert any("has no decisions" in note for note in measured.notes)


def test_a_capture_that_ends_early_is_used_as_far_as_it_goes(folder: Path) -> None:
    path = folder / "captures" / "trader.pcapng"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 3])
    measured = run.load(folder).measured
    assert 0 < measured.histograms["wire_to_wire"].total < measured.histograms["tick_to_trade"].total
    assert any(str(path) in note and "what came before is used" in note for note in measured.notes)
    assert any("the order is not in the capture" in note for note in measured.notes)


def test_a_rotated_capture_is_read_in_its_order(folder: Path) -> None:
    whole = run.load(folder).orders
    path = folder / "captures" / "trader.pcapng"
    with path.open("rb") as file:
        frames = list(read(file))
    rotating = RotatingWriter(path, "trader", rotate_bytes=LEAST_BYTES)
    for frame in frames:
        rotating.write(OUTBOUND, frame.frame, frame.time)
    rotating.close()
    assert rotating.files > 1
    assert run.load(folder).orders.equals(whole)


def test_a_file_that_is_no_capture_is_a_note(folder: Path) -> None:
    path = folder / "captures" / "trader.pcapng"
    path.write_bytes(b"no capture at all")
    measured = run.load(folder).measured
    assert "wire_to_wire" not in measured.histograms
    assert any(str(path) in note for note in measured.notes)


def test_a_journal_that_lost_a_decision_does_not_agree_with_the_histograms(folder: Path) -> None:
    path = journal_of(folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    measured = run.load(folder).measured
    assert measured.checks == []
    assert any("are not those of its decisions" in note for note in measured.notes)


def test_one_damaged_record_does_not_hide_the_others(folder: Path) -> None:
    broken = JournalRecord(kind=3, venue=0, body=b"Dnot a decision")
    frame = Frame(2, 1 << 40, 5, broken).encode()
    journal_of(folder).write_bytes(journal_of(folder).read_bytes() + frame)
    measured = run.load(folder).measured
    assert measured.histograms["order_to_ack"].total == COUNT
    assert any("1 records are left out" in note for note in measured.notes)


def test_bytes_that_are_no_stream_are_a_note(folder: Path) -> None:
    path = folder / "office" / f"{SESSION:016x}" / "live.bin"
    path.write_bytes(b"HFTOSM01" + b"\xff" * 64)
    measured = run.load(folder).measured
    assert any(str(path) in note for note in measured.notes)
    assert "wire_to_wire" in measured.histograms


@pytest.mark.parametrize(
    ("report", "quotable", "text"),
    [
        ('{"accel": "kvm", "accel_reason": "works", "tick_to_trade": {"quotable": true}}', True, "kvm: works"),
        (
            '{"accel": "kvm", "accel_reason": "works",'
            ' "tick_to_trade": {"quotable": false, "not_quotable": "a virtual machine"}}',
            False,
            "a virtual machine, kvm: works",
        ),
        ('{"accel": "kvm"}', None, "is no report of a run"),
        ("no json", None, "is no report of a run"),
        ('{"accel": "kvm", "tick_to_trade": {"quotable": "yes"}}', None, "does not say"),
        (None, None, "there is no"),
    ],
)
def test_the_report_says_whether_figures_may_be_quoted(
    folder: Path, report: str | None, quotable: bool | None, text: str
) -> None:
    path = folder / "report.json"
    path.unlink()
    if report is not None:
        path.write_text(report)
    answer, reason = journal.quotable(folder)
    assert answer is quotable
    assert text in reason


def test_a_folder_that_is_no_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is no folder of a run.*hftos run"):
        run.load(tmp_path)


def test_a_run_without_orders_says_so(tmp_path: Path) -> None:
    empty = Latency(name="tick_to_trade", least=0, greatest=0)
    write_frames(tmp_path / "office" / f"{SESSION:016x}" / "live.bin", [hello(), Frame(LIVE, 1, 5, empty)])
    with pytest.raises(SourceError, match="no order whose latency is known"):
        run.load(tmp_path)


def test_two_servers_are_not_compared_with_one_histogram(folder: Path) -> None:
    other = folder / "office" / f"{9:016x}" / "live.bin"
    write_frames(other, [Frame(CONTROL, 0, 5, hello(9).message)])
    measured = run.load(folder).measured
    assert measured.checks == []


def test_the_last_state_of_a_histogram_counts(tmp_path: Path) -> None:
    orders = make_run(tmp_path, 40)
    shutil.rmtree(tmp_path / "office" / f"{SESSION:016x}")
    make_live(tmp_path / "office", orders, states=7)
    assert run.load(tmp_path).measured.checks
    assert json.loads((tmp_path / "report.json").read_text())["accel"] == "tcg"


def changed(folder: Path, **terms: Any) -> None:
    """The run's journal, with other terms in its first decision."""
    frames = list(management_files.read(journal_of(folder)))
    place = next(at for at, frame in enumerate(frames) if getattr(frame.message, "kind", None) == DECISION)
    record = frames[place].message
    assert isinstance(record, JournalRecord)
    body = Decision.decode(record.body).replace(**terms).encode()
    frames[place] = frames[place]._replace(message=record.replace(body=body))
    write_frames(journal_of(folder), frames)


def test_stamps_that_are_not_in_their_order_make_no_stages(folder: Path) -> None:
    changed(folder, cause="B", parsed=4_000_000_000, rung=100)
    found = run.load(folder).measured
    assert f"1 of {COUNT:,} orders: the stages' stamps are not in their order" in found.notes
    assert found.histograms["order_to_ack"].total == COUNT


def test_a_number_that_no_feed_has_leaves_its_record_out(folder: Path) -> None:
    changed(folder, sequence=(1 << 64) - 1)
    found = run.load(folder)
    assert any("1 records are left out, the first: a number is beyond 63 bits" in note for note in found.measured.notes)
    assert len(found.orders) == COUNT - 1


def slow(frame: Frame) -> Frame:
    """The frame of a server whose clock ticks once a second, and whose strategy took 30 years."""
    message = frame.message
    if isinstance(message, Hello):
        message = message.replace(ticks_per_second=1)
    elif isinstance(message, Latency) and message.name == "strategy.0":
        body = ticks.to_body(Histogram.of([10**9], ticks.LAYOUT))
        message = message.replace(least=10**9, greatest=10**9, body=body)
    return frame._replace(message=message)


def test_times_longer_than_a_day_are_left_out_and_said(folder: Path) -> None:
    changed(folder, cause="B", parsed=1, booked=2, decided=3, passed=4, rung=10**6)
    for path in folder.glob("office/*/*.bin"):
        write_frames(path, [slow(frame) for frame in management_files.read(path)])
    found = run.load(folder).measured
    assert "1 times of tick_to_trade are longer than a day: left out" in found.notes
    assert any(note.startswith("the trader's histogram of strategy.0 is left out") for note in found.notes)
    assert found.histograms["order_to_ack"].total == COUNT
