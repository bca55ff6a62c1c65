"""Fill ratios, times to fill, and what came of orders.

    fill ratio = executed shares / wanted shares

of orders the exchange took (rejected ones are counted apart). Times to fill are ns from acceptance to the first and to
the last execution; orders that were not executed have none and are not in the percentiles: read them with the ratio.
"""

from typing import Final

import polars as pl

from store.analytics.own_orders import REJECTED

OUTCOMES: Final = ("filled", "partly", "replaced", "cancelled", "rejected", "open")
QUANTILES: Final = (0.1, 0.5, 0.9, 0.99)


def by_outcome(orders: pl.DataFrame) -> dict[str, int]:
    """Orders by what came of them."""
    counts = dict(orders.group_by("outcome").agg(pl.len()).iter_rows())
    return {name: int(counts.get(name, 0)) for name in OUTCOMES}


def ratio(orders: pl.DataFrame) -> float | None:
    """Executed shares of wanted ones; None when nothing was wanted."""
    taken = orders.filter(pl.col("outcome") != REJECTED)
    wanted = int(taken["wanted"].sum())
    return int(taken["executed"].sum()) / wanted if wanted else None


def quantiles(times: pl.Series) -> dict[str, int]:
    """Smallest, percentiles and greatest of a series in ns, each a value that occurred; empty without values."""
    known = times.drop_nulls().sort()
    if not known.len():
        return {}
    result = {"min": int(known[0])}
    for quantile in QUANTILES:
        place = -int(-known.len() * quantile // 1) - 1
        result[f"p{quantile * 100:g}"] = int(known[max(place, 0)])
    return result | {"max": int(known[-1])}


def reasons(table: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    """How often each value of a column occurs, most frequent first."""
    counted = table.group_by(column).agg(pl.len().alias("count")).sort(["count", column], descending=[True, False])
    return [(str(name), int(count)) for name, count in counted.iter_rows()]
