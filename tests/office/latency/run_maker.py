"""A run's folder as a finished run leaves it, made of real bytes: captures, journal, live stream, report."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np

from office.latency.histogram import Histogram
from office.latency.ticks import LAYOUT, STAGES, to_body
from protocols import mold, ouch50, soup
from protocols.management import (
    CONTROL,
    DECISION,
    IN,
    JOURNAL,
    LIVE,
    OUT,
    Decision,
    Frame,
    Hello,
    JournalRecord,
    Latency,
)
from protocols.management_files import JOURNAL_NAME, LIVE_NAME, MAGIC
from protocols.ouch50 import OrderAccepted, OrderExecuted
from protocols.pcap_write import INBOUND, OUTBOUND, PcapngWriter
from protocols.tcp_capture import ACK, SYN, TcpSegment

BEGIN = 1_800_000_000_000_000_000
TICKS_PER_SECOND = 2_500_000_000
SESSION, JOURNAL_ID = 0x1111, 0x2222
FEED_SESSION = "0000000001"
TRADER, EXCHANGE = IPv4Address("10.20.0.10"), IPv4Address("10.20.0.1")
TRADER_PORT, OUCH_PORT = 40_000, 24_000
LINES = ((IPv4Address("239.20.0.1"), 26_401), (IPv4Address("239.20.0.2"), 26_402))


@dataclass
class Made:
    """An order that was put into a run: what the join must find again. Times in ns, stages in ticks since the burst."""

    reference: int
    sequence: int
    cause: str
    wire_in: int
    wire_out: int
    ack: int
    fill: int | None
    stamps: tuple[int, int, int, int, int]


def ipv4(protocol: int, source: IPv4Address, destination: IPv4Address, payload: bytes) -> bytes:
    """An Ethernet frame with an IPv4 packet, without checksums, as a capture with offload has them."""
    head = bytes((0x45, 0)) + (20 + len(payload)).to_bytes(2, "big") + bytes((0, 0, 0x40, 0, 64, protocol, 0, 0))
    packet = head + source.packed + destination.packed + payload
    return bytes(12) + b"\x08\x00" + packet + bytes(max(0, 46 - len(packet)))


def udp(destination: IPv4Address, port: int, payload: bytes) -> bytes:
    """A datagram of the exchange."""
    head = (26_400).to_bytes(2, "big") + port.to_bytes(2, "big") + (8 + len(payload)).to_bytes(2, "big") + bytes(2)
    return ipv4(17, EXCHANGE, destination, head + payload)


def tcp(sent: bool, sequence: int, acknowledgement: int, flags: int, payload: bytes = b"") -> bytes:
    """A segment of the trader (`sent`) or of the exchange's gateway."""
    ports = (TRADER_PORT, OUCH_PORT) if sent else (OUCH_PORT, TRADER_PORT)
    ends = (TRADER, EXCHANGE) if sent else (EXCHANGE, TRADER)
    head = b"".join(port.to_bytes(2, "big") for port in ports)
    head += (sequence % (1 << 32)).to_bytes(4, "big") + (acknowledgement % (1 << 32)).to_bytes(4, "big")
    return ipv4(6, *ends, head + bytes((0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0)) + payload)


@dataclass
class Link:
    """The TCP connection between trader and gateway: makes segments, of which some go by twice or in pieces."""

    rng: random.Random
    next: dict[bool, int] = field(default_factory=lambda: {True: (1 << 32) - 700, False: 5_000})
    frames: list[tuple[int, int, bytes]] = field(default_factory=list)

    def open(self, time: int) -> None:
        """The handshake and the login."""
        for sent, flags in ((True, SYN), (False, SYN | ACK)):
            self.frames.append(
                (time, INBOUND if sent else OUTBOUND, tcp(sent, self.next[sent], self.next[not sent], flags))
            )
            self.next[sent] += 1
        self.send(time + 1_000, True, soup.LoginRequest("HFT1", "secret1").encode())
        self.send(time + 2_000, False, soup.LoginAccepted("OUCH", 1).encode())

    def send(self, time: int, sent: bool, data: bytes) -> None:
        """Send bytes whose last goes by at `time`: whole, or in two pieces, or with a retransmission later."""
        cut = self.rng.choice((0, 0, 0, len(data) // 2))
        for piece, at in ((data[:cut], time - 50), (data[cut:], time)):
            if piece:
                frame = tcp(sent, self.next[sent], self.next[not sent], ACK, piece)
                self.frames.append((at, INBOUND if sent else OUTBOUND, frame))
                self.next[sent] += len(piece)
                if self.rng.random() < 0.1:
                    self.frames.append((at + 900_000, INBOUND if sent else OUTBOUND, frame))


def segment_of(sent: bool, sequence: int, flags: int, payload: bytes = b"", port: int = TRADER_PORT) -> TcpSegment:
    """A segment of the trader's (`sent`) or of the gateway, as it is found in a frame."""
    ends = (int(TRADER), port, int(EXCHANGE), OUCH_PORT)
    return TcpSegment(*(ends if sent else (*ends[2:], *ends[:2])), sequence, 0, flags, payload)


def enter_order(reference: int, symbol: str = "AAPL") -> bytes:
    """An Enter Order message."""
    return ouch50.EnterOrder(
        user_ref_num=reference,
        side="B",
        quantity=100,
        symbol=symbol,
        price=1_000_000,
        time_in_force="0",
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id=f"{reference}",
    ).encode()


def accepted_message(reference: int, symbol: str = "AAPL") -> bytes:
    """An Order Accepted message."""
    return OrderAccepted(
        timestamp=1,
        user_ref_num=reference,
        side="B",
        quantity=100,
        symbol=symbol,
        price=1_000_000,
        time_in_force="0",
        display="Y",
        order_reference_number=77,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state="L",
        cl_ord_id=f"{reference}",
    ).encode()


def executed_message(reference: int) -> bytes:
    """An Order Executed message."""
    return OrderExecuted(
        timestamp=2, user_ref_num=reference, quantity=100, price=1_000_000, liquidity_flag="A", match_number=5
    ).encode()


def make_orders(count: int, seed: int, speed: float = 1.0) -> list[Made]:
    """Orders 5 ms apart, most of them ticks' ones; `speed` stretches what the program takes."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        wire_in = BEGIN + 1_000_000_000 + number * 5_000_000
        steps = [max(1, int(rng.lognormvariate(mean, 0.25) * speed)) for mean in (6.2, 6.4, 6.8, 5.6, 7.2)]
        stamps = tuple(sum(steps[: at + 1]) for at in range(5))
        cause = rng.choice("BBBBBT" if number % 7 else "F")
        inside = stamps[4] * 1_000_000_000 // TICKS_PER_SECOND
        wire_out = wire_in + inside + int(rng.lognormvariate(9.4, 0.3))
        ack = wire_out + int(rng.lognormvariate(10.3, 0.35))
        fill = ack + int(rng.lognormvariate(12, 1)) if number % 3 == 0 else None
        shown = (stamps[0], stamps[1], stamps[2], stamps[3], stamps[4]) if cause != "F" else (0, 0, 0, 0, 0)
        made.append(Made(number + 1, 10 + 3 * number, cause, wire_in, wire_out, ack, fill, shown))
    return made


def feed_frames(orders: Iterable[Made], rng: random.Random) -> list[tuple[int, int, bytes]]:
    """The feed on both lines: the message of each order first on one of them, in a packet with others."""
    frames = []
    for made in orders:
        messages = [bytes(36) for _ in range(rng.randint(1, 3))]
        first = made.sequence - rng.randrange(len(messages))
        packet = mold.encode_packet(FEED_SESSION, first, messages)
        lines = rng.sample(LINES, 2)
        frames.append((made.wire_in, OUTBOUND, udp(*lines[0], packet)))
        if rng.random() < 0.9:
            frames.append((made.wire_in + rng.randint(100, 3_000), OUTBOUND, udp(*lines[1], packet)))
        frames.append((made.wire_in + 4_000, OUTBOUND, udp(*LINES[0], mold.encode_heartbeat(FEED_SESSION, first + 9))))
    return frames


def make_capture(path: Path, orders: Iterable[Made], seed: int) -> None:
    """The capture of the trader's port."""
    rng = random.Random(seed)
    link = Link(rng)
    link.open(BEGIN)
    steps: list[tuple[int, bool, soup.SoupPacket]] = [
        (made.wire_out, True, soup.UnsequencedData(enter_order(made.reference))) for made in orders
    ]
    for made in orders:
        accepted = accepted_message(made.reference)
        steps.append((made.ack, False, soup.SequencedData(accepted)))
        if made.fill is not None:
            steps.append((made.fill, False, soup.SequencedData(executed_message(made.reference))))
    for time, sent, packet in sorted(steps, key=lambda step: step[0]):
        link.send(time, sent, packet.encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    with PcapngWriter(path, "trader") as writer:
        for time, direction, frame in sorted([*link.frames, *feed_frames(orders, rng)], key=lambda each: each[0]):
            writer.write(direction, frame, time)


def decision_of(made: Made, code: int = 0) -> Decision:
    """The decision that an order came from, or one that a check refused."""
    parsed, booked, decided, passed, rung = made.stamps
    return Decision(
        code=code,
        strategy=1,
        cause=made.cause,
        venue=0,
        feed_venue=0,
        side="B",
        symbol="AAPL",
        reference=0 if code else made.reference,
        replaces=0,
        shares=100,
        price=1_000_000,
        sequence=made.sequence,
        value=0,
        limit=0,
        burst=123_456 if rung else 0,
        parsed=parsed,
        booked=booked,
        decided=decided,
        passed=0 if code else passed,
        rung=0 if code else rung,
    )


def hello(session: int = SESSION) -> Frame:
    """The greeting."""
    message = Hello(
        version=1, session=session, journal=JOURNAL_ID, ticks_per_second=TICKS_PER_SECOND, host="hft1", body=b"{}"
    )
    return Frame(CONTROL, 0, BEGIN, message)


def write_frames(path: Path, frames: Iterable[Frame]) -> None:
    """A file of the management stream."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MAGIC + b"".join(frame.encode() for frame in frames))


def make_journal(folder: Path, orders: Iterable[Made]) -> None:
    """The journal: each order, its decision, its answers."""
    frames = [hello()]

    def add(time: int, kind: int, payload: bytes) -> None:
        frames.append(Frame(JOURNAL, len(frames), time, JournalRecord(kind=kind, venue=0, body=payload)))

    for made in orders:
        add(made.wire_out, OUT, enter_order(made.reference))
        add(made.wire_out, DECISION, decision_of(made).encode())
        add(made.ack, IN, accepted_message(made.reference))
        add(made.ack, DECISION, decision_of(made, code=4).encode())
    write_frames(folder / f"{JOURNAL_ID:016x}" / JOURNAL_NAME, frames)


def make_live(folder: Path, orders: list[Made], states: int = 4) -> None:
    """The live stream: the trader's histograms, cumulative, several times over the run."""
    frames = [hello()]
    for state in range(1, states + 1):
        seen = [made.stamps for made in orders[: len(orders) * state // states] if made.stamps[4]]
        columns = np.diff(np.array([(0, *stamps) for stamps in seen], dtype=np.int64), axis=1)
        named = {"tick_to_trade": columns.sum(axis=1), "strategy.0": columns[:, 1]}
        named |= {f"stages.{name}": columns[:, number] for number, name in enumerate(STAGES)}
        for name, values in named.items():
            histogram = Histogram.of(values, LAYOUT)
            body = to_body(histogram)
            message = Latency(name=name, least=histogram.least, greatest=histogram.greatest, body=body)
            frames.append(Frame(LIVE, len(frames), BEGIN + state * 1_000_000_000, message))
    write_frames(folder / f"{SESSION:016x}" / LIVE_NAME, frames)


def make_run(folder: Path, count: int = 200, seed: int = 1, speed: float = 1.0) -> list[Made]:
    """A whole run's folder; gives its orders."""
    orders = make_orders(count, seed, speed)
    make_capture(folder / "captures" / "trader.pcapng", orders, seed)
    make_journal(folder / "office", orders)
    make_live(folder / "office", orders)
    report = {"accel": "tcg", "accel_reason": "no KVM here", "tick_to_trade": {"quotable": False}}
    (folder / "report.json").write_text(json.dumps(report))
    return orders
