"""Totals of executions and orders, of all together and by strategy, symbol, venue and hour. Sums are exact integers."""

import math
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from store.analytics import fills, pnl, shortfall
from store.analytics.analysis import Analysis
from store.analytics.executions import HOURS
from store.analytics.markouts import label

DIMENSIONS: Final = ("strategy", "symbol", "venue", "hour")
Group = dict[str, Any]


def total(analysis: Analysis) -> Group:
    """The figures of the whole run."""
    return group(analysis, analysis.executions, analysis.orders)


def by(analysis: Analysis, dimension: str) -> dict[str, Group]:
    """The figures by a dimension's values, in their order."""
    orders = analysis.orders.with_columns((pl.col("sent_at") // HOURS % 24).alias("hour"))
    parts: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}
    for name in sorted({*analysis.executions[dimension], *orders[dimension]}):
        same = pl.col(dimension) == name
        title = f"{name:02d}:00" if dimension == "hour" else str(name)
        parts[title] = (analysis.executions.filter(same), orders.filter(same))
    return {name: group(analysis, some, more) for name, (some, more) in parts.items()}


def group(analysis: Analysis, executions: pl.DataFrame, orders: pl.DataFrame) -> Group:
    """The figures of some executions and orders. Money in half price units, ratios as floats, None where undefined."""
    buys = executions.filter(pl.col("sign") > 0)
    return {
        "executions": executions.height,
        "shares": add(executions, "shares"),
        "bought": add(buys, "shares"),
        "sold": add(executions, "shares") - add(buys, "shares"),
        "notional": 2 * add(executions, "notional"),
        "fees": 2 * add(executions, "fee"),
        "added_shares": add(executions.filter(pl.col("role") == "added"), "shares"),
        "removed_shares": add(executions.filter(pl.col("role") == "removed"), "shares"),
        "pnl": _pnl(executions),
        "markouts": markouts(executions, analysis.settings.horizons),
        "spreads": _spreads(executions),
        "orders": _orders(orders),
        "shortfall": _shortfall(orders),
        "slippage": _slippage(orders),
        "queue": _queue(orders),
    }


def add(rows: pl.DataFrame, column: str) -> int:
    """The exact sum of a column; nulls are left out."""
    return int(rows.select(pl.col(column).cast(pl.Int128).sum()).item() or 0)


def bps(amount: int, notional: int) -> float | None:
    """An amount in basis points of a notional in the same unit."""
    return 10_000 * amount / notional if notional else None


def mean(rows: pl.DataFrame, amount: str, *, scale: int = 1) -> Group:
    """An amount of executions, summed, in basis points of their notional, per share in dollars, and half the width of
    the 95 % interval of the basis points (normal, of the weighted mean, executions taken as independent)."""
    known = rows.drop_nulls(amount)
    found = add(known, amount)
    notional, shares = 2 * add(known, "notional"), add(known, "shares")
    return {
        "amount": found,
        "bps": bps(scale * found, notional),
        "per_share": scale * found / (20_000 * shares) if shares else None,
        "ci95_bps": _interval(known, amount, scale),
        "executions": known.height,
    }


def _interval(known: pl.DataFrame, amount: str, scale: int) -> float | None:
    if known.height < 2:
        return None
    weights = known["notional"].cast(pl.Float64) * 2
    values = known[amount].cast(pl.Float64) * scale
    whole = float(weights.sum())
    if not whole:
        return None
    centre = float(values.sum()) / whole
    squared = float(((values - weights * centre) ** 2).sum())
    return 1.96 * 10_000 * math.sqrt(squared * known.height / (known.height - 1)) / whole


def _pnl(executions: pl.DataFrame) -> Group:
    parts = {name: add(executions, f"pnl_{name}") for name in pnl.PARTS}
    marked = executions.drop_nulls("pnl_total")
    found = add(marked, "pnl_total")
    return parts | {"total": found, "bps": bps(found, 2 * add(marked, "notional")), "executions": marked.height}


def markouts(executions: pl.DataFrame, horizons: tuple[int, ...]) -> dict[str, Group]:
    """Mean markouts by horizon."""
    return {label(horizon): mean(executions, f"markout_{label(horizon)}") for horizon in horizons}


def _spreads(executions: pl.DataFrame) -> Mapping[str, Group]:
    """By role and for all: effective and realised spread, and price impact, of executions that have all three."""
    known = executions.drop_nulls("impact")
    parts = {"all": known} | {role: known.filter(pl.col("role") == role) for role in ("added", "removed")}
    columns = ("effective", "realised", "impact")
    return {role: {name: mean(rows, name) for name in columns} for role, rows in parts.items()}


def _orders(orders: pl.DataFrame) -> Group:
    return {
        "sent": orders.height,
        "wanted_shares": add(orders, "wanted"),
        "executed_shares": add(orders, "executed"),
        "fill_ratio": fills.ratio(orders),
        "outcomes": fills.by_outcome(orders),
        "time_to_first_fill_ns": fills.quantiles(orders["to_first"]),
        "time_to_last_fill_ns": fills.quantiles(orders.filter(pl.col("outcome") == "filled")["to_last"]),
    }


def _shortfall(orders: pl.DataFrame) -> Group:
    kept = orders.filter(pl.col("is_total").is_not_null())
    parts = {name: add(kept, f"is_{name}") for name in shortfall.PARTS}
    found, paper = add(kept, "is_total"), add(kept, "paper")
    return parts | {"total": found, "paper": paper, "bps": bps(found, paper), "orders": kept.height}


def _slippage(orders: pl.DataFrame) -> Group:
    result: Group = {}
    for name in ("arrival", "vwap"):
        kept = orders.drop_nulls(f"{name}_slippage")
        amount, traded = add(kept, f"{name}_slippage"), 2 * add(kept, "cash")
        result[name] = {"amount": amount, "bps": bps(amount, traded), "orders": kept.height}
    return result


def _queue(orders: pl.DataFrame) -> Group:
    known = orders.drop_nulls("ahead_at_entry")
    return {
        "orders": known.height,
        "ahead_at_entry": fills.quantiles(known["ahead_at_entry"]),
        "ahead_at_fill": fills.quantiles(known["ahead_at_fill"]),
        "ahead_at_end": fills.quantiles(known["ahead_at_end"]),
    }
