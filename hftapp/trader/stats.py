"""The `stats` record: the trader's figures as plain values, put together by the supervisor, on its own CPU."""

from collections.abc import Mapping
from typing import Any, Final

from hftapp.clock import SECOND
from hftapp.figures import Figures
from hftapp.histogram import percentiles
from hftapp.trader.figures_table import STRATEGIES, VENUES
from hftapp.trader.risk.checks import NAMES as CHECKS
from hftapp.trader.stages import NAMES as STAGES
from hftapp.trader.totals import NAMES as ORDERS
from protocols import ouch50

SENT_KINDS: Final[Mapping[str, type[ouch50.OuchInbound]]] = {
    "entered": ouch50.EnterOrder,
    "replaced": ouch50.ReplaceOrder,
    "cancel_requests": ouch50.CancelOrder,
    "account_queries": ouch50.AccountQuery,
}
"""Everything the trader asks of the exchange, by the name of its figure."""
FEED_STATE: Final = ("next", "symbols", "unknown_refs", "silences", "line_a_silences", "line_b_silences")
"""Of `state.N`: the feed's part. `unlisted` is added to `malformed`."""
SESSION_STATE: Final = ("unsent", "reconnects", "session_malformed")
_LATENCY: Final = ("min", "p50", "p99", "p999", "max")


def build(figures: Figures) -> dict[str, Any]:
    """Everything counted so far; `final` is in it when the trader has said that nothing comes after it.

    `recording_lost` is in it when the recording is not whole: how many records did not fit.

    Prices and values are price4. `tick_to_trade`: ns from rx_burst returning to the doorbell.
    """
    loop, orders = figures.counters("loop"), figures.counters("orders")
    venues = [number for number in range(VENUES) if figures.text(f"venue.{number}")] or [0]
    states = [figures.counters(f"state.{number}") for number in venues]
    feeds = {figures.text(f"venue.{number}"): _feed(figures, number) for number in venues}
    first = loop["first_order_ns"]
    record: dict[str, Any] = {
        "feed": _together(list(feeds.values())) | {"stale": bool(loop["stale"])},
        "orders": {
            **_sent(figures, venues),
            **{name: orders[name] for name in ORDERS[: ORDERS.index("open")]},
            "open": orders["open"],
            **{name: sum(state.get(name, 0) for state in states) for name in SESSION_STATE[:2]},
            "malformed": orders["malformed"] + sum(state.get("session_malformed", 0) for state in states),
        },
        "risk": {name: count for name, count in zip(CHECKS, figures.words("risk"), strict=False) if count},
        "position": positions(figures),
        "pnl_price4": orders["cash"] + valued(figures),
        "cash_price4": orders["cash"],
        "exposure_price4": {
            name: orders[name] for name in ("open_notional", "gross_exposure", "net_exposure", "executed_notional")
        },
        "tick_to_trade": latency(figures, "tick_to_trade"),
        "stages": {name: latency(figures, f"stages.{name}") for name in STAGES},
        "strategies": _strategies(figures),
        "first_order_s": round(first / SECOND, 3) if first else None,
        "turns": loop["turns"],
        "port": figures.text("port"),
        "nic": figures.counters("nic"),
    }
    if len(feeds) > 1:
        record["venues"] = feeds
    if loop["overflow"]:
        record["instruments_not_shown"] = loop["overflow"]
    lost = figures.counters("recording")["lost"]
    if lost:
        record["recording_lost"] = lost
    if loop["final"]:
        record["final"] = True
    return record


def positions(figures: Figures) -> dict[str, int]:
    """Shares held by symbol; those with none are left out."""
    return {figures.symbol(index): shares for index, shares in enumerate(figures.column("position")) if shares}


def valued(figures: Figures) -> int:
    """Every position at its mark (`Instrument.mark`)."""
    columns = (figures.column(name) for name in ("position", "bid", "ask", "last"))
    return sum(shares * mark(bid, ask, last) for shares, bid, ask, last in zip(*columns, strict=True) if shares)


def mark(bid: int, ask: int, last: int) -> int:
    """As `Instrument.mark`: the mid, else the last trade, else whichever side there is, else 0."""
    return (bid + ask) // 2 if bid and ask else last or bid + ask


def latency(figures: Figures, name: str) -> dict[str, object]:
    """Percentiles of a histogram of ticks, in ns."""
    found = percentiles(figures.exported(name))
    ticks = figures.ticks_per_second
    for key in _LATENCY:
        value = found[key]
        assert isinstance(value, int)
        found[key] = value * SECOND // ticks
    return found


def _feed(figures: Figures, venue: int) -> dict[str, Any]:
    """One venue's feed and books."""
    counters, state = figures.counters(f"feed.{venue}"), figures.counters(f"state.{venue}")
    by_type = figures.words(f"by_type.{venue}").tolist()
    return {
        "session": figures.text(f"session.{venue}"),
        "next": state.get("next", 0),
        **{name: count for name, count in counters.items() if not name.startswith("line_")},
        "by_line": [counters["line_a"], counters["line_b"]],
        "silences": state.get("silences", 0),
        "line_silences": [state.get("line_a_silences", 0), state.get("line_b_silences", 0)],
        "symbols": state.get("symbols", 0),
        "unknown_refs": state.get("unknown_refs", 0),
        "malformed": counters["malformed"] + state.get("malformed", 0),
        "by_type": {chr(code): count for code, count in enumerate(by_type) if count},
    }


def _together(feeds: list[dict[str, Any]]) -> dict[str, Any]:
    """The feeds of all venues as one: counts are added up, session and next number are the first's."""
    total = dict(feeds[0])
    for feed in feeds[1:]:
        for name, value in feed.items():
            if name in ("session", "next"):
                continue
            if isinstance(value, int):
                total[name] += value
            elif isinstance(value, list):
                total[name] = [one + other for one, other in zip(total[name], value, strict=True)]
            else:
                total[name] = {key: total[name].get(key, 0) + value.get(key, 0) for key in {**total[name], **value}}
    return total


def _sent(figures: Figures, venues: list[int]) -> dict[str, int]:
    """OUCH messages sent (what the exchange counts as received), and the parts that make up this total."""
    sent = [figures.words(f"sent.{venue}").tolist() for venue in venues]
    by_kind = {name: sum(counts[ord(kind.TYPE)] for counts in sent) for name, kind in SENT_KINDS.items()}
    return {"sent": sum(map(sum, sent)), **by_kind}


def _strategies(figures: Figures) -> dict[str, Any]:
    """What each strategy costs, by its kind as the configuration names it, and how it runs."""
    found: dict[str, Any] = {}
    for number in range(STRATEGIES):
        name, _, runs = figures.text(f"kind.{number}").partition(" ")
        if name:
            found[f"{number}:{name}"] = {"runs": runs, **latency(figures, f"strategy.{number}")}
    return found
