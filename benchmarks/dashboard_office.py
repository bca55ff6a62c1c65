"""A trading server's management stream at a given rate, for measuring the page: books, orders, decisions, figures.

Books come at the rate asked for, everything else at the rate of a busy server: two hundred journal records a second,
counters and histograms once a second. The OUCH messages, decisions and histograms are real ones, encoded by the
project's own tables; prices walk at random.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from office.commands import CONTROL_FILE
from office.dashboard.source import PREFIXED
from protocols import management as m
from protocols import ouch50
from protocols.ouch_answers import accepted

SESSION: Final = 0x5EED_0000_0000_0001
JOURNAL: Final = 0x5EED_0000_0000_0002
HOST: Final = "hft1"
TICKS: Final = 2_000_000_000
PERIOD: Final = 0.01
_POOL: Final = 20_000
_JOURNAL_RATE: Final = 200
_NAMES: Final = (
    "AAPL", "MSFT", "NVDA", "AMZN", "GOOG", "META", "TSLA", "AVGO", "AMD", "NFLX", "COST", "PEP", "ADBE", "CSCO",
    "INTC", "QCOM", "TXN", "AMGN", "HON", "SBUX", "GILD", "BKNG", "ISRG", "MDLZ", "REGN", "VRTX", "ADI", "LRCX",
    "MU", "PANW", "SNPS", "KLAC", "CDNS", "CRWD", "MRVL", "ORLY", "FTNT", "ABNB", "DASH", "PYPL",
)  # fmt: skip
_STAGES: Final = {"tick_to_trade": 3200, "stages.frame_parsed": 420, "stages.book_updated": 560,
                  "stages.decision": 700, "stages.risk_passed": 340, "stages.doorbell": 1180}  # fmt: skip
_CHECKS: Final = ((10, 412, 300), (12, 2_100, 2_000), (16, 20_400_000, 20_000_000), (22, 512, 500))


@dataclass
class _Order:
    reference: int
    symbol: str
    side: str
    price: int
    shares: int


@dataclass
class Market:
    """The server's state. `random` makes it the same every time."""

    random: Random
    symbols: int = 500
    number: int = 0
    record: int = 0
    reference: int = 0
    match: int = 1_000
    mids: dict[str, int] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    working: list[_Order] = field(default_factory=list)
    histograms: dict[str, dict[int, int]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [*_NAMES, *(f"S{place:04}" for place in range(self.symbols))][: self.symbols]
        self.mids = {name: self.random.randrange(20_00, 600_00) * 100 for name in names}
        self.histograms = {name: {} for name in _STAGES}

    def pool(self) -> list[bytes]:
        """Encoded books, in the order in which they come."""
        names = list(self.mids)
        weights = [1 / (place + 3) for place in range(len(names))]
        chosen = self.random.choices(names, weights, k=_POOL)
        return [self._book(name, place).encode() for place, name in enumerate(chosen)]

    def hello(self) -> list[m.ManagementMessage]:
        """What comes first."""
        stats: dict[str, dict[str, dict[str, int]]] = {"strategies": {"0:market_maker": {}, "1:imbalance_taker": {}}}
        greeting = m.Hello(
            version=m.VERSION, session=SESSION, journal=JOURNAL, ticks_per_second=TICKS, host=HOST, body=b"{}"
        )
        return [greeting, m.State(body=b"trading"), m.Stats(body=json.dumps(stats).encode())]

    def journal(self) -> Iterator[m.JournalRecord]:
        """A few records: a decision and what became of it."""
        random = self.random
        symbol = random.choice(list(self.mids)[:12])
        side = random.choice("BS")
        price = self.mids[symbol] = self.mids[symbol] + random.choice((-200, -100, 0, 100, 200))
        if random.random() < 0.04:
            code, value, limit = random.choice(_CHECKS)
            yield self._decision(code, value, limit, symbol, side, price, 0)
            return
        if len(self.working) > 24 or (self.working and random.random() < 0.5):
            yield from self._end(self.working.pop(random.randrange(len(self.working))))
            return
        self.reference += 1
        order = _Order(self.reference, symbol, side, price, 100)
        yield self._decision(0, 0, 0, symbol, side, price, order.reference)
        yield from self._enter(order)
        self.working.append(order)

    def seconds(self) -> Iterator[m.ManagementMessage]:
        """What comes once a second."""
        for name, middle in _STAGES.items():
            buckets = self.histograms[name]
            for _ in range(100):
                value = int(middle * self.random.lognormvariate(0, 0.22 if self.random.random() > 0.02 else 1.1))
                low = value if value < 64 else value >> (value.bit_length() - 6) << (value.bit_length() - 6)
                buckets[low] = buckets.get(low, 0) + 1
            body = b"".join(m.BUCKET.pack(low, count) for low, count in sorted(buckets.items()))
            yield m.Latency(name=name, least=min(buckets), greatest=max(buckets), body=body)
        grown = {"messages": 91_000, "packets": 21_300, "line_a": 10_700, "line_b": 10_600, "duplicates": 10_500}
        yield self._group("feed.0", {**grown, "line_a_silences": 0, "line_b_silences": 0})
        yield self._group("interrupts", {"LOC": 1, "RES": 0, "IWI": self.random.randrange(8) == 0, "CAL": 0})
        yield self._group("orders", {"accepted": 80, "executions": 40})

    def moved(self) -> Iterator[m.Position]:
        """Positions that have changed."""
        for symbol, shares in self.positions.items():
            yield m.Position(symbol=symbol, shares=shares, exposed_buy=100, exposed_sell=100, open_notional=0)

    def _book(self, name: str, updates: int) -> m.TopOfBook:
        random = self.random
        mid = self.mids[name] = max(1_00_00, self.mids[name] + random.choice((-100, 0, 0, 100)))
        half = random.choice((100, 100, 200))
        levels = [
            (mid + side * (half + 100 * depth), random.randrange(1, 30) * 100) for side in (-1, 1) for depth in range(5)
        ]
        return m.TopOfBook(
            venue=0,
            symbol=name,
            bid=levels[0][0],
            bid_shares=levels[0][1],
            ask=levels[5][0],
            ask_shares=levels[5][1],
            last=mid,
            updates=updates,
            bids=5,
            asks=5,
            body=b"".join(m.LEVEL.pack(*level) for level in levels),
        )

    def _group(self, name: str, grown: dict[str, int]) -> m.Counters:
        for key, by in grown.items():
            self.totals[f"{name} {key}"] = self.totals.get(f"{name} {key}", 0) + by
        return m.Counters.of(name, {key: self.totals[f"{name} {key}"] for key in grown})

    def _decision(
        self, code: int, value: int, limit: int, symbol: str, side: str, price: int, reference: int
    ) -> m.JournalRecord:
        decision = m.Decision(
            code=code,
            strategy=self.random.randrange(2),
            cause=self.random.choice("BBBTC"),
            venue=0,
            feed_venue=0,
            side=side,
            symbol=symbol,
            reference=reference,
            replaces=0,
            shares=100,
            price=price,
            sequence=self.number,
            value=value,
            limit=limit,
            burst=0,
            parsed=400,
            booked=900,
            decided=1600,
            passed=1900,
            rung=3100,
        )
        return m.JournalRecord(kind=m.DECISION, venue=0, body=decision.encode())

    def _enter(self, order: _Order) -> Iterator[m.JournalRecord]:
        enter = ouch50.EnterOrder(
            user_ref_num=order.reference,
            side=order.side,
            quantity=order.shares,
            symbol=order.symbol,
            price=order.price,
            time_in_force="0",
            display="Y",
            capacity="P",
            inter_market_sweep_eligibility="N",
            cross_type="N",
            cl_ord_id="",
        )
        yield m.JournalRecord(kind=m.OUT, venue=0, body=enter.encode())
        yield m.JournalRecord(kind=m.IN, venue=0, body=accepted(enter, order.reference, 0).encode())

    def _end(self, order: _Order) -> Iterator[m.JournalRecord]:
        if self.random.random() < 0.5:
            self.match += 1
            signed = order.shares if order.side == "B" else -order.shares
            self.positions[order.symbol] = self.positions.get(order.symbol, 0) + signed
            executed = ouch50.OrderExecuted(
                timestamp=0,
                user_ref_num=order.reference,
                quantity=order.shares,
                price=order.price,
                liquidity_flag="A",
                match_number=self.match,
            )
            yield m.JournalRecord(kind=m.IN, venue=0, body=executed.encode())
            return
        cancel = ouch50.CancelOrder(user_ref_num=order.reference, quantity=0)
        yield m.JournalRecord(kind=m.OUT, venue=0, body=cancel.encode())
        cancelled = ouch50.OrderCanceled(timestamp=0, user_ref_num=order.reference, quantity=order.shares, reason="U")
        yield m.JournalRecord(kind=m.IN, venue=0, body=cancelled.encode())


class Office:
    """A collector's control socket with one watcher's worth of stream. `sent` counts frames."""

    def __init__(self, directory: Path, rate: int, market: Market) -> None:
        self.sent = 0
        self._directory = directory
        self._rate = rate
        self._market = market
        self._pool = market.pool()
        self._at = 0

    async def serve(self) -> None:
        """Until cancelled."""
        control = self._directory / "control"
        server = await asyncio.start_unix_server(self._watched, str(control))
        notice = {"pid": os.getpid(), "control": str(control), "bind": ""}
        (self._directory / CONTROL_FILE).write_text(json.dumps(notice) + "\n")
        async with server:
            await server.serve_forever()

    async def _watched(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for message in self._market.hello():
            writer.write(self._frame(m.CONTROL if isinstance(message, m.Hello) else m.LIVE, message.encode()))
        began, batches = time.monotonic(), 0
        try:
            while True:
                writer.write(self._batch(batches))
                batches += 1
                await writer.drain()
                await asyncio.sleep(max(0.0, began + batches * PERIOD - time.monotonic()))
        except ConnectionError:
            writer.close()

    def _batch(self, batches: int) -> bytes:
        market = self._market
        parts = []
        if batches % 100 == 0:
            parts += [self._frame(m.LIVE, message.encode()) for message in market.seconds()]
        if batches % 10 == 0:
            parts += [self._frame(m.LIVE, message.encode()) for message in market.moved()]
        for _ in range(int(_JOURNAL_RATE * PERIOD)):
            for record in market.journal():
                market.record += 1
                parts.append(self._frame(m.JOURNAL, record.encode()))
        wanted = int(self._rate * PERIOD) - len(parts)
        for _ in range(max(0, wanted)):
            parts.append(self._frame(m.LIVE, self._pool[self._at]))
            self._at = (self._at + 1) % len(self._pool)
        return b"".join(parts)

    def _frame(self, stream: int, message: bytes) -> bytes:
        self.sent += 1
        number = 0
        if stream == m.LIVE:
            self._market.number += 1
            number = self._market.number
        elif stream == m.JOURNAL:
            number = self._market.record
        return PREFIXED.pack(SESSION, len(message), stream, number, time.time_ns()) + message


def main(directory: str, rate: str) -> None:
    """`python -m benchmarks.dashboard_office FOLDER RATE`, until it is ended."""
    asyncio.run(Office(Path(directory), int(rate), Market(Random(20_251_126))).serve())


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:3])
