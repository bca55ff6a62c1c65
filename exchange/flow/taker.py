"""The honest directional taker: buys or sells in slices at the touch."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.flow.agent import Agent
from exchange.flow.agent_spec import Parameter


class Taker(Agent):
    """Works ``size`` shares off in ``slices`` immediate-or-cancel orders, ``gap`` apart."""

    KIND = "take"
    INTENT = "trade in one direction"
    PARAMETERS = (
        Parameter("side", "side", "both", 0, 0, "B, S, or both: one of them at random each time"),
        Parameter("size", "shares", 500, 1, 999_999, "shares an episode"),
        Parameter("slices", "orders", 5, 1, 1000, "orders it is worked off in"),
        Parameter("gap", "ms", 100.0, 0.001, 60_000.0, "time between them"),
    )

    def episode(self) -> Iterator[int]:
        """Take slice by slice; what a slice leaves open is added to the next one."""
        buy = self.chosen_side()
        self.side = "B" if buy else "S"
        account = self.accounts[0]
        size, slices = self.value("size"), self.value("slices")
        for i in range(1, slices + 1):
            wanted = size * i // slices - account.filled
            touch = self.touch()
            if touch is not None and wanted > 0:
                account.enter(self.book, buy, wanted, touch[1] if buy else touch[0], self.now, ioc=True)
            if i < slices:
                yield self.now + self.value("gap")
