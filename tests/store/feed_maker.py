"""Feeds of real ITCH 5.0 bytes: random flows of orders, and the packets of both lines that carry them."""

import random
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from protocols import itch50, mold
from protocols.itch50 import ItchMessage
from protocols.pcap_write import INBOUND, OUTBOUND, PcapngWriter

BEGIN = 1_800_000_000_000_000_000
MIDNIGHT_NS = 34_200_000_000_000
SYMBOLS = ("AAPL", "MSFT", "BRK.B", "A")
LINES = tuple((IPv4Address(f"239.20.0.{number}"), 26_400 + number) for number in (1, 2, 3, 4))
"""Lines A and B of two venues."""
SESSION = "0000000001"
EXCHANGE, TRADER = IPv4Address("10.20.0.1"), IPv4Address("10.20.0.10")


def flow(count: int, seed: int) -> list[ItchMessage]:
    """Messages of a day that never errs: directory first, then orders that come, trade, change and go."""
    rng = random.Random(seed)
    found: list[ItchMessage] = [_directory(place + 1, symbol) for place, symbol in enumerate(SYMBOLS)]
    live: dict[int, tuple[int, str, int, int]] = {}  # reference → locate, side, shares, price
    reference = match = 0
    for number in range(count):
        head: dict[str, Any] = {"tracking_number": 0, "timestamp": MIDNIGHT_NS + 1_000 * number}
        kind = rng.choice("AAAAAFEECXXDDUUPQ" if live else "AF")
        if kind in "AF":
            reference += 1
            locate, side = rng.randrange(len(SYMBOLS)) + 1, rng.choice("BS")
            shares, price = rng.randrange(1, 9) * 100, 1_000_000 + rng.randrange(-5, 6) * 100
            live[reference] = locate, side, shares, price
            values: dict[str, Any] = {"order_reference_number": reference, "buy_sell_indicator": side, "shares": shares}
            values |= {"stock": SYMBOLS[locate - 1], "price": price, "stock_locate": locate, **head}
            add = itch50.AddOrder(**values) if kind == "A" else itch50.AddOrderMpid(**values, attribution="FIRM")
            found.append(add)
            continue
        old = rng.choice(list(live))
        locate, side, shares, price = live[old]
        values = {"stock_locate": locate, **head}
        some = rng.randrange(1, shares + 1)
        match += 1
        if kind in "PQ":
            printed: dict[str, Any] = {"stock": SYMBOLS[locate - 1], "shares": some, "match_number": match}
            if kind == "P":
                trade: dict[str, Any] = {"order_reference_number": 0, "buy_sell_indicator": "B", "price": price}
                found.append(itch50.Trade(**values, **printed, **trade))
            else:
                found.append(itch50.CrossTrade(**values, **printed, cross_price=price, cross_type="O"))
            continue
        values["order_reference_number"] = old
        left = 0
        if kind in "EC":
            executed = values | {"executed_shares": some, "match_number": match}
            left = shares - some
            if kind == "E":
                found.append(itch50.OrderExecuted(**executed))
            else:
                printable = rng.choice("YN")
                found.append(
                    itch50.OrderExecutedWithPrice(**executed, printable=printable, execution_price=price + 100)
                )
        elif kind == "X":
            left = shares - some
            found.append(itch50.OrderCancel(**values, cancelled_shares=some))
        elif kind == "D":
            found.append(itch50.OrderDelete(**values))
        else:
            reference += 1
            del values["order_reference_number"]
            changed: dict[str, Any] = {"original_order_reference_number": old, "new_order_reference_number": reference}
            found.append(itch50.OrderReplace(**values, **changed, shares=some, price=price - 100))
            live[reference] = locate, side, some, price - 100
        if left:
            live[old] = locate, side, left, price
        else:
            del live[old]
    return found


def _directory(locate: int, symbol: str) -> ItchMessage:
    return itch50.StockDirectory(
        stock_locate=locate,
        tracking_number=0,
        timestamp=MIDNIGHT_NS - 1,
        stock=symbol,
        market_category="Q",
        financial_status_indicator="N",
        round_lot_size=100,
        round_lots_only="N",
        issue_classification="C",
        issue_sub_type="Z",
        authenticity="P",
        short_sale_threshold_indicator="N",
        ipo_flag="N",
        luld_reference_price_tier="1",
        etp_flag="N",
        etp_leverage_factor=0,
        inverse_indicator="N",
    )


def udp(line: int, payload: bytes, *, vlan: bool = False) -> bytes:
    """A datagram of the exchange in an Ethernet frame, without checksums, as a capture with offload has them."""
    group, port = LINES[line]
    datagram = (26_400).to_bytes(2, "big") + port.to_bytes(2, "big") + (8 + len(payload)).to_bytes(2, "big") + bytes(2)
    total = 20 + len(datagram) + len(payload)
    head = bytes((0x45, 0)) + total.to_bytes(2, "big") + bytes((0, 0, 0x40, 0, 64, 17, 0, 0))
    packet = head + EXCHANGE.packed + group.packed + datagram + payload
    tag = b"\x81\x00\x00\x05" if vlan else b""
    return bytes(12) + tag + b"\x08\x00" + packet + bytes(max(0, 46 - len(packet)))


def packets(messages: Iterable[ItchMessage], seed: int, session: str = SESSION) -> Iterator[tuple[int, bytes]]:
    """The messages in packets of one to five: first number and payload."""
    rng = random.Random(seed)
    raw = [message.encode() for message in messages]
    first = 0
    while first < len(raw):
        size = rng.randint(1, 5)
        yield first + 1, mold.encode_packet(session, first + 1, raw[first : first + size])
        first += size


def lines(
    messages: Iterable[ItchMessage], seed: int, *, loss: float = 0.1, both: float = 0.0
) -> list[tuple[int, int, bytes]]:
    """Frames of both lines as they may come: each line a little later than the other or not, `loss` of the packets on
    one line alone, `both` of them on both; in the order of capture: time, direction, frame."""
    rng = random.Random(seed)
    frames = []
    for first, payload in packets(messages, seed):
        sent = BEGIN + first * 10_000
        gone = rng.random()
        lost = (0, 1) if gone < both else (rng.randrange(2),) if gone < both + loss else ()
        for line in (0, 1):
            if line not in lost:
                late = rng.choice((0, 500, 2_000, 45_000))
                frames.append((sent + late, OUTBOUND, udp(line, payload, vlan=line == 1)))
        if rng.random() < 0.05:
            frames.append((sent, OUTBOUND, udp(0, mold.encode_heartbeat(SESSION, first))))
    return sorted(frames, key=lambda frame: frame[0])


def write_capture(path: Path, frames: Iterable[tuple[int, int, bytes]]) -> None:
    """A capture of frames: time, direction, bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with PcapngWriter(path, "trader") as writer:
        for time, direction, frame in frames:
            writer.write(direction, frame, time)


__all__ = ["INBOUND", "OUTBOUND", "flow", "lines", "packets", "udp", "write_capture"]
