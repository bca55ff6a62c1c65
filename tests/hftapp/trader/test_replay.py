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

from benchmarks.icount import job
from benchmarks.icount.exchange import Exchange
from hftapp import config, journal, records
from hftapp.clock import manual
from hftapp.journal import Journal
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.replay_cli import replay as command
from hftapp.trader import assembly, replay
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.recorder import Recorder
from hftapp.wire import NicWire

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SEED = b"a recorded run"
START = 1_000_000_000_000
TURN_NS = 5_000
TICKS = 40


class Recorded:
    """A trader on a memory port, each of whose turns takes 5 µs; the link of the lockstep exchange."""

    def __init__(self, folder: Path) -> None:
        place = folder / "hftos.toml"
        place.write_text(job.image_config("memory"), encoding="utf-8")
        settings = config.load(place)
        self.clock = manual(START)
        self.port = MemoryPort(bytes.fromhex(job.GUEST_MAC.replace(":", "")))
        self.rings = Rings(recording=1 << 22)
        assert self.rings.recording is not None
        start = self.clock.now()
        self.rings.recording.push(records.HEADER, start, replay.header(settings, SEED, self.port.mac, start))
        wire = NicWire(self.port, assembly.stack(settings, self.port, SEED), assembly.lines(settings), self.clock)
        parts = assembly.build(settings, wire, self.rings, self.clock, SEED)
        self.trader = Trader(parts, Recorder(self.rings.recording, self.port))
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
    write(folder / "recording", link.rings.recording.drain(1 << 20))
    write(folder / "orders.journal", link.rings.journal.drain(1 << 20))
    link.close()
    yield folder


def test_the_orders_are_the_same_byte_for_byte(run: Path) -> None:
    found = replay.replay(run / "recording", replay.sent_messages(run / "orders.journal"))
    assert found.difference is None
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
    sent = replay.sent_messages(run / "orders.journal")
    path = damaged(run, tmp_path / "damaged")
    found = replay.replay(path, sent)
    assert found.difference is not None
    assert 0 < found.difference.number < len(sent)
    result = CliRunner().invoke(command, [str(path), "--journal", str(run / "orders.journal")])
    assert result.exit_code == 1
    assert "identical: no" in result.output


def test_the_offices_copy_of_the_journal_serves_too(run: Path, tmp_path: Path) -> None:
    sent = replay.sent_messages(run / "orders.journal")
    rows = [{"kind": "journal", "n": n, "dir": "out", "hex": data.hex()} for n, data in enumerate(sent, 1)]
    copy = tmp_path / "journal.jsonl"
    copy.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)), encoding="utf-8")
    assert replay.sent_messages(copy) == sent


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
