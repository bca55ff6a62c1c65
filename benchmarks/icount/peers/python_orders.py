"""Decision, risk check, own orders and OUCH 5.0 in a SoupBinTCP packet, as one writes them in Python.

Runs in a guest with nothing of this project but the job's constants.
"""

import struct
from collections import deque
from types import ModuleType

from .python_book import BUY, SELL, Book

_ENTER = struct.Struct("!HcBIcI8sQ5s14sHBB4s")
_ANSWER = struct.Struct("!II")
SECOND = 1_000_000_000
DOLLAR = 10_000


class Orders:
    """All own orders by UserRefNum, what they may still do, and the limits (`job`: the job's constants)."""

    def __init__(self, job: ModuleType) -> None:
        self.refused = 0
        self._job = job
        self._firm = job.FIRM.encode()
        self._next = 1
        self._own: dict[int, list[int]] = {}
        self._position: dict[int, int] = {}
        self._exposed: dict[int, int] = {}
        self._open_notional = 0
        self._sent: deque[int] = deque()

    def decide(self, locate: int, book: Book) -> tuple[int, int] | None:
        """(shares, price) to buy at the best offer, or None."""
        job = self._job
        bid, ask = book.best
        if not book.trading or not bid or not ask or ask <= bid or (ask - bid) * 10_000 > job.MAX_SPREAD_BPS * bid:
            return None
        bid_shares, ask_shares = book.levels[BUY][bid], book.levels[SELL][ask]
        total = bid_shares + ask_shares
        if total < job.MIN_SHARES or bid_shares * 100 < job.RATIO_PCT * total:
            return None
        shares = min(job.SIZE, ask_shares, job.MAX_POSITION - self._position.get(locate, 0))
        return (shares, ask) if shares > 0 else None

    def passes(self, locate: int, book: Book, shares: int, price: int, now: int) -> bool:
        """Whether every limit allows the order; it counts against the rate then."""
        job = self._job
        bid, ask = book.best
        reference = (bid + ask) // 2 if bid and ask else book.last
        notional = shares * price
        reached = self._position.get(locate, 0) + self._exposed.get(locate, 0) + shares
        sent = self._sent
        while sent and sent[0] <= now - SECOND:
            sent.popleft()
        if (
            not book.trading
            or not 1 <= shares <= job.MAX_ORDER_SHARES
            or reference <= 0
            or abs(price - reference) * 10_000 > job.PRICE_COLLAR_BPS * reference
            or notional > job.MAX_ORDER_NOTIONAL * DOLLAR
            or reached > job.MAX_POSITION_SHARES
            or self._open_notional + notional > job.MAX_OPEN_NOTIONAL * DOLLAR
            or len(sent) >= job.MAX_ORDERS_PER_SECOND
        ):
            self.refused += 1
            return False
        sent.append(now)
        return True

    def encode(self, locate: int, book: Book, shares: int, price: int) -> bytes:
        """The order as a SoupBinTCP packet; it is kept."""
        reference = self._next
        self._next += 1
        self._own[reference] = [locate, shares, price]
        self._exposed[locate] = self._exposed.get(locate, 0) + shares
        self._open_notional += shares * price
        name = b"PEER%010d" % reference
        head = (54, b"U", 79, reference, b"B", shares, book.stock, price)
        return _ENTER.pack(*head, b"3YPNN", name, 6, 5, 2, self._firm)

    def answer(self, message: bytes) -> None:
        """One message of the exchange (OUCH 5.0 §5.3)."""
        kind = message[:1]
        if kind == b"C":
            self._reduce(*_ANSWER.unpack_from(message, 9))
        elif kind == b"E":
            reference, shares = _ANSWER.unpack_from(message, 9)
            locate = self._own[reference][0]
            self._position[locate] = self._position.get(locate, 0) + shares
            self._reduce(reference, shares)
        elif kind == b"J":
            (reference,) = struct.unpack_from("!I", message, 9)
            self._reduce(reference, self._own[reference][1])

    def _reduce(self, reference: int, shares: int) -> None:
        order = self._own[reference]
        locate, left, price = order
        shares = min(shares, left)
        self._exposed[locate] -= shares
        self._open_notional -= shares * price
        if shares == left:
            del self._own[reference]
        else:
            order[1] = left - shares
