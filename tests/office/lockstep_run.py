"""A run's folder as a real one is: the real trader on a memory port against the lockstep exchange, all frames captured.

Every third order is filled, the others are cancelled; a second strategy wants more than its limits allow, so it is
refused.
"""

from collections import deque
from pathlib import Path
from unittest import mock

from hftapp import config, records
from hftapp.clock import manual
from hftapp.nic.memory import MemoryPort
from hftapp.records import Rings
from hftapp.trader import assembly, tape
from hftapp.trader.loop import DONE, Trader
from hftapp.trader.recorder import Recorder
from hftapp.wire import NicWire
from lab.lockstep import job
from lab.lockstep.exchange import Exchange
from protocols import management, ouch50
from protocols.management import Frame
from protocols.management_files import MAGIC
from protocols.pcap_write import INBOUND, OUTBOUND, PcapngWriter

SEED = b"a captured run"
START = 1_000_000_000_000
UTC = 1_795_000_000_000_000_000
TURN_NS = 5_000
WIRE_NS = 700
SESSION, JOURNAL = 0x5E, 0x10
TICKS = 30
TOO_MUCH = """
[[strategy]]
kind = "imbalance_taker"
symbols = ["*"]
max_symbols = 100
params = { size = 90000, ratio_pct = 60, min_shares = 1, cooldown_ms = 0 }
"""


class CapturedLink:
    """The link of the lockstep exchange: the trader's turns take 5 µs, and each frame is captured as it passes."""

    def __init__(self, settings: config.Config, writer: PcapngWriter) -> None:
        self.clock = manual(START)
        self.port = MemoryPort(bytes.fromhex(job.GUEST_MAC.replace(":", "")))
        self.rings = Rings(recording=1 << 22)
        recording = self.rings.recording
        assert recording is not None
        recording.push(records.HEADER, START, tape.header(settings, SEED, self.port.mac, START))
        wire = NicWire(self.port, assembly.stack(settings, self.port, SEED), assembly.lines(settings), self.clock)
        with mock.patch("hftapp.trader.assembly.time.time_ns", lambda: UTC):
            parts = assembly.build(settings, wire, self.rings, self.clock, SEED)
        self.recorder = Recorder(recording, self.port, self.rings.figures.words("recording"))
        self.trader = Trader(parts, self.recorder)
        self._writer = writer
        self._out: deque[bytes] = deque()

    def alive(self) -> bool:
        return self.trader.phase != DONE

    def put(self, frame: bytes) -> None:
        self._writer.write(OUTBOUND, frame, self.utc() + TURN_NS - WIRE_NS)
        self.port.deliver(frame)

    def wait(self, seconds: float) -> bytes | None:
        if not self._out and self.alive():
            self.clock.time += TURN_NS
            self.trader.step()
            for frame in self.port.take_sent():
                self._writer.write(INBOUND, frame, self.utc() + WIRE_NS)
                self._out.append(frame)
        return self._out.popleft() if self._out else None

    def utc(self) -> int:
        return UTC + self.clock.time - START

    def close(self) -> None:
        self.rings.close()


class FillingExchange(Exchange):
    """Fills every third order, at its price."""

    def _fate(self, order: ouch50.EnterOrder) -> tuple[bytes, bytes]:
        accepted, cancelled = super()._fate(order)
        if order.user_ref_num % 3:
            return accepted, cancelled
        executed = ouch50.OrderExecuted(
            timestamp=2,
            user_ref_num=order.user_ref_num,
            quantity=order.quantity,
            price=order.price,
            liquidity_flag="R",
            match_number=7000 + order.user_ref_num,
        )
        return accepted, executed.encode()


def make(folder: Path) -> Path:
    """Do the run; gives its folder, with captures/, office/ and nothing else."""
    (folder / "captures").mkdir(parents=True)
    place = folder / "hftos.toml"
    text = job.image_config("memory")
    place.write_text(text + TOO_MUCH, encoding="utf-8")
    settings = config.load(place)
    with PcapngWriter(folder / "captures" / "trader.pcapng", "trader") as writer:
        link = CapturedLink(settings, writer)
        assert FillingExchange(link, link.alive).run(TICKS, 60.0, lambda _: None) == TICKS
        link.recorder.end(link.clock.now())
    _keep(folder / "office", link)
    link.close()
    return folder


def _keep(office: Path, link: CapturedLink) -> None:
    session, number = office / f"{SESSION:016x}", office / f"{JOURNAL:016x}"
    session.mkdir(parents=True)
    number.mkdir()
    hello = management.Hello(
        version=management.VERSION,
        session=SESSION,
        journal=JOURNAL,
        ticks_per_second=1_000_000_000,
        host="hft1",
        body=b"{}",
    )
    greeting = Frame(management.CONTROL, 0, UTC, hello).encode()
    (session / "live.bin").write_bytes(MAGIC + greeting)
    frames = [MAGIC, greeting]
    for n, (kind, time, payload) in enumerate(link.rings.journal.drain(1 << 20), 1):
        plain, venue = records.venue_of(kind)
        record = management.JournalRecord(kind=plain, venue=venue, body=payload)
        frames.append(Frame(management.JOURNAL, n, time, record).encode())
    (number / "journal.bin").write_bytes(b"".join(frames))
    assert link.rings.recording is not None
    from hftapp.journal import Journal

    written = Journal(session / "recording")
    written.append(link.rings.recording.drain(1 << 20))
    written.close()
