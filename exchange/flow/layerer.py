"""The layerer: a spoofer whose pressure is a ladder of orders, one a price."""

from __future__ import annotations

from exchange.flow.agent_spec import Parameter
from exchange.flow.spoofer import SHARED, Spoofer


class Layerer(Spoofer):
    """Pressure is ``levels`` orders of ``size`` shares, a tick apart, the nearest one ``away`` ticks behind."""

    KIND = "layer"
    INTENT = "move the price with layers of orders that are not meant to trade"
    PARAMETERS = (
        *SHARED,
        Parameter("size", "shares", 1500, 1, 999_999, "shares of each layer"),
        Parameter("levels", "levels", 5, 2, 100, "layers"),
    )

    def pressure_prices(self, buy: bool) -> list[int]:
        """One price a layer, the nearest first."""
        nearest = self._away(buy, self.value("away"))
        step = self.tick(nearest)
        prices = [nearest - i * step if buy else nearest + i * step for i in range(self.value("levels"))]
        return [price for price in prices if price > 0]
