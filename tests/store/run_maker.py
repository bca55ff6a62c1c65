"""A run's folder of real bytes: a feed on two lines, own orders on TCP, the journal, the live stream."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from protocols import ouch50, soup
from protocols.management import (
    CONTROL,
    DECISION,
    IN,
    JOURNAL,
    LIVE,
    OUT,
    Counters,
    Decision,
    Exit,
    Frame,
    Hello,
    JournalRecord,
    Position,
    State,
    Stats,
)
from protocols.management_files import JOURNAL_NAME, LIVE_NAME, MAGIC
from tests.store.feed_maker import BEGIN, EXCHANGE, INBOUND, OUTBOUND, SESSION, TRADER, flow, lines, write_capture

TICKS_PER_SECOND = 2_500_000_000
SERVER, JOURNAL_ID = 0xAB, 0xCD
RUN = "20270115T080000-00000000000000ab"
TRADER_PORT, OUCH_PORT = 40_000, 24_000

ENTER: dict[str, Any] = {
    "side": "B",
    "quantity": 100,
    "symbol": "AAPL",
    "price": 1_000_000,
    "time_in_force": "0",
    "display": "Y",
    "capacity": "P",
    "inter_market_sweep_eligibility": "N",
    "cross_type": "N",
    "cl_ord_id": "",
}
LIVE_ORDER: dict[str, Any] = ENTER | {"order_reference_number": 77, "order_state": "L", "timestamp": 5}
REFUSED = Decision(
    code=8,
    strategy=1,
    cause="B",
    venue=0,
    feed_venue=0,
    side="S",
    symbol="MSFT",
    reference=0,
    replaces=0,
    shares=100,
    price=7,
    sequence=12,
    value=7,
    limit=9,
    burst=1_000,
    parsed=25,
    booked=50,
    decided=75,
    passed=0,
    rung=0,
)


def passed(reference: int, sequence: int, replaces: int = 0) -> Decision:
    """The decision of an order that passed; stages 10, 20, 30, 40 and 50 ns."""
    stages = {"parsed": 25, "booked": 50, "decided": 75, "passed": 100, "rung": 125}
    values = {"code": 0, "reference": reference, "replaces": replaces, "sequence": sequence, "value": 0, "limit": 0}
    return REFUSED.replace(**values, **stages, strategy=0, side="B", symbol="AAPL", price=1_000_000)


def conversation() -> list[tuple[int, bytes, int]]:
    """The journal of a short day: kind, payload, and how long after the beginning, in ns."""
    out: list[tuple[int, bytes, int]] = []

    def add(kind: int, message: Any, at: int) -> None:
        out.append((kind, message.encode(), at))

    add(OUT, ouch50.EnterOrder(user_ref_num=1, **ENTER), 200_000)
    add(DECISION, passed(1, 10), 200_000)
    add(DECISION, REFUSED, 210_000)
    add(IN, ouch50.OrderAccepted(user_ref_num=1, **LIVE_ORDER), 260_000)
    executed: dict[str, Any] = {
        "timestamp": 6,
        "user_ref_num": 1,
        "price": 999_900,
        "liquidity_flag": "R",
        "match_number": 500,
    }
    add(IN, ouch50.OrderExecuted(**executed, quantity=40), 300_000)
    changed: dict[str, Any] = {name: ENTER[name] for name in ("display", "inter_market_sweep_eligibility", "cl_ord_id")}
    replace: dict[str, Any] = {
        "orig_user_ref_num": 1,
        "user_ref_num": 2,
        "quantity": 100,
        "price": 1_000_100,
        "time_in_force": "0",
    }
    add(OUT, ouch50.ReplaceOrder(**replace, **changed), 400_000)
    add(DECISION, passed(2, 30, replaces=1), 400_000)
    replaced = LIVE_ORDER | {"quantity": 60, "price": 1_000_100, "order_reference_number": 78, "timestamp": 7}
    add(IN, ouch50.OrderReplaced(orig_user_ref_num=1, user_ref_num=2, **replaced), 460_000)
    filled = executed | {"user_ref_num": 2, "price": 1_000_100, "liquidity_flag": "A", "match_number": 501}
    add(IN, ouch50.OrderExecuted(**filled | {"timestamp": 8}, quantity=10), 500_000)
    add(OUT, ouch50.CancelOrder(user_ref_num=2, quantity=0), 600_000)
    add(IN, ouch50.OrderCanceled(timestamp=9, user_ref_num=2, quantity=50, reason="U"), 650_000)
    return out


def tcp(sent: bool, sequence: int, payload: bytes) -> bytes:
    """A segment of the trader (`sent`) or of the exchange's gateway, in an Ethernet frame."""
    ports = (TRADER_PORT, OUCH_PORT) if sent else (OUCH_PORT, TRADER_PORT)
    ends = (TRADER, EXCHANGE) if sent else (EXCHANGE, TRADER)
    head = b"".join(port.to_bytes(2, "big") for port in ports) + sequence.to_bytes(4, "big") + bytes(4)
    segment = head + bytes((0x50, 0, 0xFF, 0xFF, 0, 0, 0, 0)) + payload
    start = bytes((0x45, 0)) + (20 + len(segment)).to_bytes(2, "big") + bytes((0, 0, 0x40, 0, 64, 6, 0, 0))
    return bytes(12) + b"\x08\x00" + start + ends[0].packed + ends[1].packed + segment


def order_frames(records: Iterable[tuple[int, bytes, int]]) -> list[tuple[int, int, bytes]]:
    """The OUCH messages of a journal on the wire: 1 us after they are journalled, or before, when they came."""
    next_byte = {True: 1_000, False: 5_000}
    frames = []
    for kind, payload, at in records:
        if kind == DECISION:
            continue
        sent = kind == OUT
        packet = soup.UnsequencedData(payload) if sent else soup.SequencedData(payload)
        data = packet.encode()
        frame = tcp(sent, next_byte[sent], data)
        next_byte[sent] += len(data)
        frames.append((BEGIN + at + (1_000 if sent else -1_000), INBOUND if sent else OUTBOUND, frame))
    return frames


def hello() -> Frame:
    """The greeting."""
    message = Hello(
        version=1, session=SERVER, journal=JOURNAL_ID, ticks_per_second=TICKS_PER_SECOND, host="hft1", body=b"{}"
    )
    return Frame(CONTROL, 0, BEGIN, message)


def journal_frames(records: Iterable[tuple[int, bytes, int]]) -> list[Frame]:
    """The journal as the office has it."""
    return [
        Frame(JOURNAL, number, BEGIN + at, JournalRecord(kind=kind, venue=0, body=payload))
        for number, (kind, payload, at) in enumerate(records, 1)
    ]


def live_frames(messages: int) -> list[Frame]:
    """The live stream: states, a position, counters, the last figures, the end."""
    stats = {
        "feed": {"session": SESSION, "messages": messages},
        "orders": {"entered": 1, "replaced": 1, "executions": 2},
        "risk": {"price": 1},
        "strategies": {"0:market_maker": {}, "1:imbalance_taker": {}},
    }
    counters = b"\x02rx" + (5).to_bytes(8, "big") + b"\x03bad" + (-1).to_bytes(8, "big", signed=True)
    position = Position(symbol="AAPL", shares=40, exposed_buy=60, exposed_sell=0, open_notional=60_000_000)
    found = (
        State(body="handshaking – é".encode()),
        position,
        Counters(group="nic", body=counters),
        Stats(body=json.dumps(stats).encode()),
        Exit(status=0, body=b"time is over"),
    )
    return [Frame(LIVE, number, BEGIN + number, message) for number, message in enumerate(found, 1)]


def write_frames(path: Path, frames: Iterable[Frame]) -> None:
    """A file of the management stream."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MAGIC + b"".join(frame.encode() for frame in frames))


def make_run(folder: Path, *, messages: int = 400, ended: bool = True) -> int:
    """A whole run; gives the number of feed messages."""
    feed = flow(messages, 5)
    records = conversation()
    frames = sorted([*lines(feed, 5), *order_frames(records)], key=lambda frame: frame[0])
    write_capture(folder / "captures" / "trader.pcapng", frames)
    write_frames(folder / "office" / f"{JOURNAL_ID:016x}" / JOURNAL_NAME, [hello(), *journal_frames(records)])
    write_frames(folder / "office" / f"{SERVER:016x}" / LIVE_NAME, [hello(), *live_frames(len(feed))])
    if ended:
        (folder / "report.json").write_text("{}")
    return len(feed)
