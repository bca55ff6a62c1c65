"""The metrics as a table: what each is, its unit, its formula, where it is from, and the function that computes it."""

from typing import Final, NamedTuple


class Metric(NamedTuple):
    """A row. `unit`: `$` stands for an amount that is kept in half price units, 1/20,000 dollar."""

    name: str
    unit: str
    formula: str
    source: str
    function: str


_PEROLD = "Perold 1988"
_KISSELL = "Kissell 2006"
_HUANG = "Huang and Stoll 1996; Rule 605 of Regulation NMS"

METRICS: Final = (
    Metric(
        "Implementation shortfall",
        "$, bp of paper value",
        "D·(C − X·Pd) + D·(S − X)·(Pn − Pd) + fees",
        _PEROLD,
        "shortfall.shortfall",
    ),
    Metric("Delay cost", "$", "D·S·(P0 − Pd)", _KISSELL, "shortfall.shortfall"),
    Metric("Trading cost", "$", "D·(C − X·P0)", _KISSELL, "shortfall.shortfall"),
    Metric("Opportunity cost", "$", "D·(S − X)·(Pn − P0)", _KISSELL, "shortfall.shortfall"),
    Metric("Arrival slippage", "$, bp of cash", "D·(C − X·P0)", _PEROLD, "slippage.slippage"),
    Metric(
        "VWAP slippage",
        "$, bp of cash",
        "D·(C − X·V/Q), prints from arrival to a horizon after the last execution",
        "Berkowitz, Logue and Noser 1988",
        "slippage.slippage",
    ),
    Metric(
        "Markout",
        "$, bp of notional",
        "D·(M(h) − p)·s",
        "Huang and Stoll 1996: half the realised spread, as a gain",
        "markouts.markouts",
    ),
    Metric("Effective spread", "$, bp, $ a share", "2·D·(p − M)·s", _HUANG, "markouts.markouts"),
    Metric("Realised spread", "$, bp, $ a share", "2·D·(p − M(h))·s", _HUANG, "markouts.markouts"),
    Metric("Price impact", "$, bp, $ a share", "2·D·(M(h) − M)·s = effective − realised", _HUANG, "markouts.markouts"),
    Metric(
        "Fill ratio",
        "ratio",
        "executed shares / wanted shares of orders that were accepted",
        "Rule 605 of Regulation NMS",
        "fills.ratio",
    ),
    Metric(
        "Time to fill",
        "ns",
        "execution − acceptance, by the exchange's stamps",
        "Rule 605 of Regulation NMS",
        "own_orders.build",
    ),
    Metric(
        "Queue position",
        "shares",
        "displayed shares before the order at its price, on its side and venue",
        "Nasdaq Rule 4757: price, display, time",
        "queue_position.queue_positions",
    ),
    Metric("Spread captured", "$", "D·(M − p)·s", "Glosten and Harris 1988", "pnl.pnl"),
    Metric("Adverse selection", "$", "D·(M(h) − M)·s", "Glosten and Harris 1988; Stoll 1989", "pnl.pnl"),
    Metric("Inventory", "$", "D·(K − M(h))·s", "Stoll 1989", "pnl.pnl"),
    Metric("Profit", "$, bp of notional", "D·(K − p)·s − fee", "sum of its parts, exactly", "pnl.pnl"),
)
SYMBOLS: Final = (
    ("D", "1 for a buy, −1 for a sell"),
    ("S, X, C", "shares wanted, shares executed, and the cash they were executed for"),
    ("p, s", "price and shares of an execution"),
    ("Pd, P0", "mid when the order was decided, and before it arrived at the exchange"),
    ("Pn", "mid a horizon after the order ended"),
    ("M, M(h)", "mid before an execution, and the horizon h after it"),
    ("K", "mark: the last mid of the data"),
    ("V, Q", "value and shares of all prints"),
)
