"""The LULD reference price of one symbol: the mean price of its trades over five minutes."""

from __future__ import annotations

from exchange.clock import SECOND

WINDOW = 300 * SECOND
# The plan (section V.A): a new reference price differs by at least 1 %, and stays for 30 s at least.
STAYS = 30 * SECOND
_STEP = 10 * SECOND
_SLOTS = WINDOW // _STEP


class ReferencePrice:
    """``price`` (price4) until a mean over the last five minutes is 1 % away from it.

    Trades are summed up in steps of ten seconds, so the window ends between 290 and 300 s ago: bounded memory however
    much trades. The mean is arithmetic, one trade one price, as the plan has it.
    """

    __slots__ = ("_count", "_counts", "_since", "_step", "_sum", "_sums", "price")

    def __init__(self, price: int, now: int) -> None:
        self._sums = [0] * _SLOTS
        self._counts = [0] * _SLOTS
        self.restart(price, now)

    def restart(self, price: int, now: int) -> None:
        """Begin anew with the price of an auction, or of the first trade of the day."""
        self._sums[:] = self._counts[:] = [0] * _SLOTS
        self._sum = self._count = 0
        self._step = now // _STEP
        self._since = now
        self.price = price
        self.add(price, now)

    def add(self, price: int, now: int) -> bool:
        """Take a trade; True when the reference price has moved."""
        self._expire(now)
        slot = self._step % _SLOTS
        self._sums[slot] += price
        self._counts[slot] += 1
        self._sum += price
        self._count += 1
        mean = self._sum // self._count
        if now - self._since < STAYS or abs(mean - self.price) * 100 < self.price:
            return False
        self.price = mean
        self._since = now
        return True

    def _expire(self, now: int) -> None:
        step = now // _STEP
        for passed in range(max(self._step + 1, step - _SLOTS + 1), step + 1):
            slot = passed % _SLOTS
            self._sum -= self._sums[slot]
            self._count -= self._counts[slot]
            self._sums[slot] = self._counts[slot] = 0
        self._step = max(step, self._step)
