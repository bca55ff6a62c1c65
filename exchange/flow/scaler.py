"""The honest twin of the spoofer: as large an order as far away, beside as small a one at the touch; but it stays."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import MS
from exchange.flow.agent_spec import Parameter
from exchange.flow.spoofer import Spoofer

_SHARED = tuple(one for one in Spoofer.PARAMETERS if one.name != "react")


class Scaler(Spoofer):
    """Both orders are to trade. Whatever becomes of the small one, the large ones stay for ``stay``, go to the touch,
    work there for as long again, and only then is what is left of them withdrawn."""

    KIND = "scale"
    INTENT = "trade a small order now and large ones later"
    HONEST = True
    PARAMETERS = (
        *_SHARED,
        Parameter(
            "stay", "seconds", 2.0, 0.001, 86_400.0, "how long the large orders stay, and then work at the touch"
        ),
    )

    def episode(self) -> Iterator[int]:
        """Enter both, wait for the small one, work the large ones."""
        touch = self.touch()
        if touch is None:
            return
        buy = self.chosen_side()
        self.side = "BS"
        account = self.accounts[0]
        large = [
            account.enter(self.book, not buy, self.value("size"), price, self.now)
            for price in self.pressure_prices(not buy)
        ]
        yield self.now + 1 + self.rng.below(MS)
        small = account.enter(self.book, buy, self.value("genuine"), self._front(buy, self.touch() or touch), self.now)
        end = self.now + self.value("hold")
        while small.open_shares() and self.now < end:
            yield min(end, self.now + self.value("chase"))
            if small.open_shares():
                small = self._chase(small)
        account.cancel(small, self.now)
        yield self.now + self.value("stay")
        level = self.book.side(not buy).best_displayed()
        if level is not None:
            large = [account.move(order, level.price, self.now) for order in large]
        yield self.now + self.value("stay")
        account.cancel_all(self.now)
        self.genuine = []
