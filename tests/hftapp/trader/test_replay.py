"""A recorded run gives the same orders again, whoever plays it; a recording that was changed does not."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hftapp import config, journal, records
from hftapp.clock import manual
from hftapp.journal import Journal
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.replay_cli import replay as command
from hftapp.trader import assembly, replay, stats, tape
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.recorder import Recorder
from hftapp.wire import NicWire
from lab.lockstep import job
from lab.lockstep.exchange import Exchange
from protocols import management, moments
from protocols.decision_digest import digest
from protocols.management import Frame
from protocols.management_files import MAGIC
from protocols.pacing import Pace

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SEED = b"a recorded run"
START = 1_000_000_000_000
TURN_NS = 5_000
TICKS = 40
EMPTY = digest([])


class Recorded:
    """A trader on a memory port, each of whose turns takes 5 µs; the link of the lockstep exchange."""

    def __init__(self, folder: Path, ring: int = 1 << 22) -> None:
        place = folder / "hftos.toml"
        place.write_text(job.image_config("memory"), encoding="utf-8")
        settings = config.load(place)
        self.clock = manual(START)
        self.port = MemoryPort(bytes.fromhex(job.GUEST_MAC.replace(":", "")))
        self.rings = Rings(recording=ring)
        assert self.rings.recording is not None
        start = self.clock.now()
        self.rings.recording.push(records.HEADER, start, tape.header(settings, SEED, self.port.mac, start))
        wire = NicWire(self.port, assembly.stack(settings, self.port, SEED), assembly.lines(settings), self.clock)
        parts = assembly.build(settings, wire, self.rings, self.clock, SEED)
        self.recorder = Recorder(self.rings.recording, self.port, self.rings.figures.words("recording"))
        self.trader = Trader(parts, self.recorder)
        self._out: deque[bytes] = deque()

    def alive(self) -> bool:
        return self.trader.phase != DONE

    def put(self, frame: bytes) -> None:
        self.port.deliver(frame)

    def wait(self, seconds: float) -> bytes | None:
        if not self._out and self.alive():
            self.clock.time += TURN_NS
            self.trader.step()
            self._out.extend(self.port.take_sent())
        return self._out.popleft() if self._out else None

    def close(self) -> None:
        self.rings.close()


def write(path: Path, entries: Iterable[tuple[int, int, bytes]]) -> None:
    written = Journal(path)
    written.append(entries)
    written.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run of some ticks: its recording, and the journal of its orders."""
    folder = tmp_path_factory.mktemp("run")
    link = Recorded(folder)
    assert Exchange(link, link.alive).run(TICKS, 60.0, lambda _: None) == TICKS
    assert link.rings.recording is not None
    link.recorder.end(link.clock.now())
    write(folder / "recording", link.rings.recording.drain(1 << 20))
    write(folder / "orders.journal", link.rings.journal.drain(1 << 20))
    link.close()
    yield folder


def test_the_orders_are_the_same_byte_for_byte(run: Path) -> None:
    found = replay.replay(run / "recording", replay.recorded_outcome(run / "orders.journal"))
    assert found.difference is None
    assert not found.early
    assert found.messages > TICKS
    assert found.frames > 2 * TICKS


def test_the_compiled_trader_sends_what_the_interpreted_one_sent(run: Path) -> None:
    """The run was made interpreted, as all tests are; `hftos` plays it compiled."""
    shown = "from hftos.compiling import finder; import hftapp.trader.loop; print(finder.kind('hftapp.trader.loop'))"
    program = (
        "import sys; sys.argv[0] = 'hftos'\nfrom hftos.compiling import finder\nfinder.install()\n"
        f"{shown}\nfrom hftapp.replay_cli import replay\nreplay()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HFTOS_INTERPRETED"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(run / "recording"), "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kind, result = done.stdout.splitlines()
    assert kind == "Cython"
    assert json.loads(result)["identical"] is True


def damaged(run: Path, path: Path) -> Path:
    """A copy of the recording in which both lines' frames of a tick in the middle have a wrong checksum."""
    entries = [(entry.kind, entry.time, entry.payload) for entry in journal.read(run / "recording")]
    group = bytes.fromhex("01005e140001"), bytes.fromhex("01005e140002")
    for line in group:
        places = [i for i, (kind, _, data) in enumerate(entries) if kind == records.FRAME_FIRST and data[:6] == line]
        kind, time, data = entries[places[-TICKS]]
        entries[places[-TICKS]] = kind, time, data[:-1] + bytes([data[-1] ^ 1])
    write(path, entries)
    return path


def test_what_was_not_received_is_not_traded(run: Path, tmp_path: Path) -> None:
    recorded = replay.recorded_outcome(run / "orders.journal")
    path = damaged(run, tmp_path / "damaged")
    found = replay.replay(path, recorded)
    assert found.difference is not None
    assert 0 < found.difference.number < len(recorded.sent)
    assert found.decision is not None
    assert found.recorded_hash != found.replayed_hash
    result = CliRunner().invoke(command, [str(path), "--journal", str(run / "orders.journal")])
    assert result.exit_code == 1
    assert "identical: no" in result.output


def office_copy(run: Path, folder: Path) -> Path:
    """The run as the office keeps it: its recording, a greeting in the stream LIVE, the stream JOURNAL."""
    session, number = folder / "office" / f"{7:016x}", folder / "office" / f"{9:016x}"
    session.mkdir(parents=True)
    number.mkdir()
    (session / "recording").write_bytes((run / "recording").read_bytes())
    hello = management.Hello(version=1, session=7, journal=9, ticks_per_second=10**9, host="hft1", body=b"{}")
    greeting = Frame(management.CONTROL, 0, START, hello).encode()
    (session / "live.bin").write_bytes(MAGIC + greeting)
    with (number / "journal.bin").open("wb") as file:
        file.write(MAGIC + greeting)
        for entry in journal.read(run / "orders.journal"):
            kind, venue = records.venue_of(entry.kind)
            record = management.JournalRecord(kind=kind, venue=venue, body=entry.payload)
            file.write(Frame(management.JOURNAL, entry.number, entry.time, record).encode())
    return number / "journal.bin"


def test_the_offices_copy_of_the_journal_serves_too(run: Path, tmp_path: Path) -> None:
    copy = office_copy(run, tmp_path)
    assert replay.recorded_outcome(copy) == replay.recorded_outcome(run / "orders.journal")
    for source in (tmp_path, tmp_path / "office", tmp_path / "office" / f"{7:016x}" / "recording"):
        result = CliRunner().invoke(command, [str(source), "--json"])
        assert result.exit_code == 0, result.output
        shown = json.loads(result.output)
        assert shown["identical"] is True
        assert shown["decision_hash"] == shown["recorded_decision_hash"] != EMPTY


def test_a_run_with_no_recording_or_several_is_told(run: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 1
    assert "has no recording: runs are recorded with `record = true`" in result.output
    office_copy(run, tmp_path)
    other = tmp_path / "office" / f"{8:016x}"
    other.mkdir()
    (other / "recording").write_bytes(b"")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 1
    assert "several recordings" in result.output
    (tmp_path / "office" / f"{9:016x}" / "journal.bin").unlink()
    result = CliRunner().invoke(command, [str(tmp_path / "office" / f"{7:016x}" / "recording")])
    assert "name the recorded run's journal with --journal" in result.output


@pytest.mark.parametrize("speed", ["1", "10", "max"])
def test_the_decision_hash_is_the_runs_at_every_pace(run: Path, speed: str) -> None:
    waits: list[int] = []

    class Time:
        now = 0

        def wait(self, ns: int) -> None:
            waits.append(ns)
            self.now += ns

    clock = Time()
    pace = Pace(moments.speed(speed), lambda: clock.now, clock.wait)
    recorded = replay.recorded_outcome(run / "orders.journal")
    found = replay.replay(run / "recording", recorded, pace=pace)
    assert len(recorded.decisions) > TICKS
    assert found.decision is None
    assert found.replayed_hash == found.recorded_hash == digest(recorded.decisions)
    last = [entry for entry in journal.read(run / "recording") if entry.kind != records.END][-1].time
    first = next(entry.time for entry in journal.read(run / "recording") if entry.kind != records.HEADER)
    assert sum(waits) == {"1": last - first, "10": round((last - first) / 10), "max": 0}[speed]


def test_a_changed_strategy_is_shown_with_its_first_differing_decision(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "other.toml"
    place.write_text(job.image_config("memory").replace("size = 100", "size = 70"), encoding="utf-8")
    assert "size = 70" in place.read_text(encoding="utf-8")
    status, output = played(run / "recording", run, "--config", str(place))
    assert status == 1
    assert "decision 0 recorded: feed_venue=0 " in output
    recorded = replay.recorded_outcome(run / "orders.journal")
    found = replay.replay(run / "recording", recorded, other=config.load(place))
    assert found.decision is not None
    assert found.decision.recorded is not None and found.decision.replayed is not None
    assert (found.decision.recorded.shares, found.decision.replayed.shares) == (100, 70)
    assert found.recorded_hash != found.replayed_hash


def test_options_for_market_data_are_refused_with_a_recording(run: Path) -> None:
    status, output = played(run / "recording", run, "--from", "+1")
    assert status == 2
    assert "are for market data" in output
    status, output = played(run / "recording", run, "--speed", "0")
    assert status == 2
    assert "'0' is no pace: give max, or a number" in output


def test_what_is_no_recording_is_refused(run: Path) -> None:
    result = CliRunner().invoke(command, [str(run / "orders.journal")])
    assert result.exit_code == 1
    assert "orders.journal is no recording: it does not begin with a header" in result.output


def test_a_recording_without_its_journal_asks_for_it(run: Path, tmp_path: Path) -> None:
    alone = tmp_path / "recording"
    alone.write_bytes((run / "recording").read_bytes())
    result = CliRunner().invoke(command, [str(alone)])
    assert result.exit_code == 1
    assert "name the recorded run's journal with --journal" in result.output


def entries_of(run: Path) -> list[tuple[int, int, bytes]]:
    return [(entry.kind, entry.time, entry.payload) for entry in journal.read(run / "recording")]


def played(path: Path, run: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(path), "--journal", str(run / "orders.journal"), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_a_recording_that_was_cut_off_says_so_and_is_compared_as_far_as_it_goes(run: Path, tmp_path: Path) -> None:
    entries = entries_of(run)
    assert entries[-1][0] == records.END
    cut = tmp_path / "recording"
    write(cut, entries[: len(entries) // 2])
    status, output = played(cut, run)
    assert status == 1
    assert "the recording ends early: after " in output
    assert "identical: yes" in output
    recorded = replay.recorded_outcome(run / "orders.journal")
    found = replay.replay(cut, recorded)
    assert (found.early, found.difference, found.decision) == (True, None, None)
    assert found.recorded_hash == found.replayed_hash
    assert 0 < found.messages < len(recorded.sent)
    assert 0 < found.decisions < len(recorded.decisions)


def test_only_the_record_at_its_end_makes_a_recording_whole(run: Path, tmp_path: Path) -> None:
    entries = entries_of(run)
    write(tmp_path / "recording", entries[:-1])
    status, output = played(tmp_path / "recording", run, "--json")
    shown = json.loads(output.splitlines()[0])
    assert (status, shown["identical"], shown["ends_early"]) == (1, True, True)
    assert played(run / "recording", run)[0] == 0


def test_a_ring_that_overflows_is_counted_and_never_gets_its_end(tmp_path: Path) -> None:
    link = Recorded(tmp_path, ring=1 << 15)
    assert Exchange(link, link.alive).run(TICKS, 60.0, lambda _: None) == TICKS
    recording = link.rings.recording
    assert recording is not None
    kept = recording.drain(1 << 20)
    link.recorder.end(link.clock.now())  # there is room again: too late
    assert recording.drain() == []
    assert records.END not in [record.kind for record in kept]
    lost = stats.build(link.rings.figures)["recording_lost"]
    assert lost == link.recorder.lost > 0
    link.close()


DOCUMENT = {"nic": {"port": "memory", "address": "10.20.0.10/24"}, "management": {"mac": "", "office": ""}}
CHANGES: tuple[dict[str, object], ...] = (
    {"mac": "zz"},
    {"mac": 5},
    {"mac": "01:02"},
    {"seed": "0"},
    {"seed": ""},
    {"start": "now"},
    {"start": -1},
    {"config": []},
)
FACTS = {"config": DOCUMENT, "seed": SEED.hex(), "mac": "52:54:00:20:00:10", "start": START}


def made(path: Path, payload: bytes, *more: tuple[int, int, bytes]) -> Path:
    """A recording of one's own in an empty folder."""
    path.mkdir()
    write(path / "recording", [(records.HEADER, START, payload), *more])
    return path / "recording"


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"\xff",
        b"3",
        b"[" * 50_000,
        json.dumps({"config": DOCUMENT}).encode(),
        *(json.dumps(FACTS | changed).encode() for changed in CHANGES),
    ],
)
def test_a_damaged_header_is_told_even_when_there_is_no_journal(tmp_path: Path, payload: bytes) -> None:
    path = made(tmp_path / "run", payload)
    result = CliRunner().invoke(command, [str(path)])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert f"{path}: its header is damaged: " in result.output


def test_a_configuration_that_this_program_does_not_know_is_told(tmp_path: Path) -> None:
    facts = FACTS | {"config": DOCUMENT | {"risk": {"gone": 1}}}
    result = CliRunner().invoke(command, [str(made(tmp_path / "run", json.dumps(facts).encode()))])
    assert result.exit_code == 1
    assert "risk.gone: unknown" in result.output


@pytest.mark.parametrize(
    ("records_", "said"),
    [
        ([(records.FRAME_MORE, START + 1, b"abc")], "record 2 (kind 50) is out of place"),
        ([(records.TURN, START - 1, b"")], "record 2 (kind 51) is out of place"),
        ([(99, START + 1, b"")], "record 2 (kind 99) is out of place"),
        ([(records.END, START + 1, b""), (records.TURN, START + 2, b"")], "record 3 (kind 51) is out of place"),
        ([(records.FRAME_FIRST, START + 1, b"")], "record 2 is a frame without a byte"),
    ],
)
def test_records_that_make_no_turn_are_named(
    run: Path, tmp_path: Path, records_: list[tuple[int, int, bytes]], said: str
) -> None:
    path = made(tmp_path / "run", json.dumps(FACTS).encode(), *records_)
    status, output = played(path, run)
    assert status == 1
    assert f"{path}: {said}" in output


@pytest.mark.parametrize("content", [b"HFTOSM02", b"{}", MAGIC + bytes([255] * 21)])
def test_a_copy_of_the_journal_that_is_none_is_told(run: Path, tmp_path: Path, content: bytes) -> None:
    copy = tmp_path / "journal.bin"
    copy.write_bytes(content)
    result = CliRunner().invoke(command, [str(run / "recording"), "--journal", str(copy)])
    assert result.exit_code == 1
    assert str(copy) in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_decision_in_a_journal_that_is_none_is_told(run: Path, tmp_path: Path) -> None:
    write(tmp_path / "orders.journal", [(records.DECISION, START, b"D")])
    result = CliRunner().invoke(command, [str(run / "recording"), "--journal", str(tmp_path / "orders.journal")])
    assert result.exit_code == 1
    assert "orders.journal: Decision needs" in result.output


def test_a_message_to_another_venue_is_another_message(run: Path, tmp_path: Path) -> None:
    """Same bytes, but the journal says the second venue."""
    told = [(entry.kind, entry.time, entry.payload) for entry in journal.read(run / "orders.journal")]
    places = [i for i, (kind, _, _) in enumerate(told) if kind == records.OUT]
    kind, time, data = told[places[3]]
    told[places[3]] = records.at_venue(kind, 1), time, data
    write(tmp_path / "orders.journal", told)
    result = CliRunner().invoke(command, [str(run / "recording"), "--journal", str(tmp_path / "orders.journal")])
    assert result.exit_code == 1
    assert f"message 3 recorded: {data.hex()} to venue 1" in result.output
    assert f"message 3 replayed: {data.hex()}\n" in result.output
