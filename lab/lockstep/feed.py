"""What the exchange of the harness sends: the books before the first tick, the ticks, and what undoes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.lockstep import job
from protocols import itch50

_TIME = 34_200_000_000_000  # ns since midnight: the market's opening


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: the add that triggers an order of `shares` at `price`, and the messages that undo the add."""

    stock: str
    price: int
    shares: int
    add: bytes
    undo: tuple[bytes, ...]


class Feed:
    """Makes the messages in order; references and timestamps count up."""

    def __init__(self) -> None:
        self._reference = 0
        self._match = 0
        self._time = _TIME
        self._ticks = 0

    def opening(self) -> Iterator[bytes]:
        """Start of messages, directory, trading states, market hours, and the books."""
        yield from (self._system(code) for code in "OS")
        for locate in range(1, job.SYMBOLS + 1):
            yield self._directory(locate)
            yield itch50.StockTradingAction(
                stock_locate=locate,
                tracking_number=0,
                timestamp=self._now(),
                stock=job.stock(locate),
                trading_state="T",
                reserved=" ",
                reason="",
            ).encode()
        yield self._system("Q")
        for locate in range(1, job.SYMBOLS + 1):
            for level in range(job.LEVELS):
                for _ in range(1 + (level > 0)):
                    for side in "BS":
                        yield self._add(locate, side, job.BASE_SHARES, _price(side, level))[1]

    def tick(self) -> Tick:
        """The next tick. Symbols take turns, and so do the four ways an order leaves the book."""
        locate = self._ticks % job.SYMBOLS + 1
        reference, add = self._add(locate, "B", job.TRIGGER_SHARES, job.BEST_BID + job.TICK)
        undo = (self._deleted, self._cancelled, self._executed, self._replaced)[self._ticks % 4](locate, reference)
        self._ticks += 1
        shares = min(int(job.JOB["SIZE"]), job.BASE_SHARES)
        return Tick(job.stock(locate), _price("S", 0), shares, add, tuple(undo))

    def _now(self) -> int:
        self._time += 1_000
        return self._time

    def _system(self, code: str) -> bytes:
        return itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=self._now(), event_code=code).encode()

    def _directory(self, locate: int) -> bytes:
        return itch50.StockDirectory(
            stock_locate=locate,
            tracking_number=0,
            timestamp=self._now(),
            stock=job.stock(locate),
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
        ).encode()

    def _add(self, locate: int, side: str, shares: int, price: int) -> tuple[int, bytes]:
        self._reference += 1
        message = itch50.AddOrder(
            stock_locate=locate,
            tracking_number=0,
            timestamp=self._now(),
            order_reference_number=self._reference,
            buy_sell_indicator=side,
            shares=shares,
            stock=job.stock(locate),
            price=price,
        )
        return self._reference, message.encode()

    def _deleted(self, locate: int, reference: int) -> list[bytes]:
        message = itch50.OrderDelete(
            stock_locate=locate, tracking_number=0, timestamp=self._now(), order_reference_number=reference
        )
        return [message.encode()]

    def _cancelled(self, locate: int, reference: int) -> list[bytes]:
        message = itch50.OrderCancel(
            stock_locate=locate,
            tracking_number=0,
            timestamp=self._now(),
            order_reference_number=reference,
            cancelled_shares=job.TRIGGER_SHARES - job.BASE_SHARES,
        )
        return [message.encode(), *self._deleted(locate, reference)]

    def _executed(self, locate: int, reference: int) -> list[bytes]:
        return [self._execution(locate, reference, shares) for shares in (job.BASE_SHARES, job.TRIGGER_SHARES - 100)]

    def _execution(self, locate: int, reference: int, shares: int) -> bytes:
        self._match += 1
        return itch50.OrderExecuted(
            stock_locate=locate,
            tracking_number=0,
            timestamp=self._now(),
            order_reference_number=reference,
            executed_shares=shares,
            match_number=self._match,
        ).encode()

    def _replaced(self, locate: int, reference: int) -> list[bytes]:
        self._reference += 1
        message = itch50.OrderReplace(
            stock_locate=locate,
            tracking_number=0,
            timestamp=self._now(),
            original_order_reference_number=reference,
            new_order_reference_number=self._reference,
            shares=job.BASE_SHARES,
            price=_price("B", 5),
        )
        return [message.encode(), *self._deleted(locate, self._reference)]


def _price(side: str, level: int) -> int:
    """Price of a level: bids from `BEST_BID` down, offers from two ticks above it up."""
    return job.BEST_BID - level * job.TICK if side == "B" else job.BEST_BID + (level + 2) * job.TICK
