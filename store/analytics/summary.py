"""An analysis as one JSON document: totals, breakdowns, what was left out, and how to read it."""

from typing import Any, Final

import polars as pl

from store.analytics import breakdown, fills, pnl
from store.analytics.analysis import Analysis
from store.analytics.executions import ORDER
from store.analytics.markouts import label

UNIT: Final = "1/20000 USD"
QUEUE_BUCKETS: Final = ((0, 0), (1, 99), (100, 299), (300, 999), (1000, None))


def summary(analysis: Analysis) -> dict[str, Any]:
    """Everything of the report but the rows. Amounts are integers in `unit`, ratios floats, what is undefined null."""
    first, last = _period(analysis)
    return {
        "run": analysis.run,
        "unit": UNIT,
        "first_t": first,
        "last_t": last,
        "settings": {
            "horizons_ns": list(analysis.settings.horizons),
            "realised_ns": analysis.settings.realised,
            "opportunity_ns": analysis.settings.opportunity,
        },
        "rows": analysis.inputs.rows(),
        "market_clock": analysis.market.clock,
        "total": breakdown.total(analysis),
        **{f"by_{name}": breakdown.by(analysis, name) for name in breakdown.DIMENSIONS},
        "refused": decisions(analysis),
        "rejected": rejects(analysis),
        "queue_buckets": queue_buckets(analysis),
        "positions": positions(analysis),
        "excluded": {name: dict(reasons) for name, reasons in analysis.excluded.items()},
        "moments": {name: dict(ways) for name, ways in analysis.how.items()},
        "broken_executions": analysis.broken,
        "position_gaps": dict(analysis.position_gaps),
        "missing": missing(analysis),
    }


def missing(analysis: Analysis) -> list[str]:
    """Tables without rows, what cannot be said without them, and mids that say little."""
    lost = {
        "quotes": "no mids: no spreads, markouts and shortfall; profit is marked at the last print",
        "trades": "no VWAP, and executions cannot be found on the feed by their match number",
        "decisions": "no mid at the decision: no implementation shortfall by its definition",
        "l3_events": "no queue positions, and times of the market are those of the capture",
        "positions": "positions are not compared with the trader's own",
        "executions": "nothing was executed: nothing was earned or paid",
        "orders": "no order was sent",
    }
    rows = analysis.inputs.rows()
    strange = analysis.executions.join(analysis.orders, on=ORDER, how="anti").height
    crossed = analysis.executions.filter(pl.col("bid") > pl.col("ask")).height
    said = [f"{name}: {effect}" for name, effect in lost.items() if not rows[name]]
    if strange and rows["orders"]:
        said.append(f"orders: {strange:,} executions are of orders that the journal does not have: no order's figures")
    if crossed:
        said.append(f"quotes: before {crossed:,} executions the venues' quotes crossed, and their mid says little")
    return said


def decisions(analysis: Analysis) -> dict[str, Any]:
    """Decisions of the risk gate: passed, and refused by check."""
    table = analysis.inputs.decisions
    refused = table.filter(table["code"] != 0)
    return {
        "decided": table.height,
        "passed": table.height - refused.height,
        "by_check": dict(fills.reasons(refused, "check")),
    }


def rejects(analysis: Analysis) -> dict[str, int]:
    """Orders that the exchange rejected, by its reason."""
    orders = analysis.orders
    return dict(fills.reasons(orders.filter(orders["outcome"] == "rejected"), "reason"))


def queue_buckets(analysis: Analysis) -> list[dict[str, Any]]:
    """Displayed orders by the shares that were ahead of them when they came, with what became of them."""
    found = []
    known = analysis.orders.drop_nulls("ahead_at_entry")
    for low, high in QUEUE_BUCKETS:
        ahead = known["ahead_at_entry"]
        rows = known.filter((ahead >= low) & (ahead <= (high if high is not None else 2**62)))
        found.append(
            {
                "from": low,
                "to": high,
                "orders": rows.height,
                "fill_ratio": fills.ratio(rows),
                "time_to_first_fill_ns": fills.quantiles(rows["to_first"]),
            }
        )
    return found


def positions(analysis: Analysis) -> dict[str, int]:
    """What the executions added up to, by symbol; flat ones are left out."""
    held = pnl.positions(analysis.executions)
    result = {str(symbol): int(shares) for symbol, shares in held.select("symbol", "shares").iter_rows()}
    return {symbol: shares for symbol, shares in sorted(result.items()) if shares}


def horizon_names(analysis: Analysis) -> list[str]:
    """The markouts' horizons for people, shortest first."""
    return [label(horizon) for horizon in analysis.settings.horizons]


def _period(analysis: Analysis) -> tuple[int | None, int | None]:
    """First and last time of own orders and executions, ns UTC."""
    times = pl.concat([analysis.inputs.orders["t"], analysis.inputs.executions["t"]]).sort()
    return (int(times[0]), int(times[-1])) if times.len() else (None, None)
