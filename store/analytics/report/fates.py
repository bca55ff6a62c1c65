"""Orders on the page: what became of them, how long it took, where they stood."""

from collections.abc import Mapping, Sequence

from protocols.ouch50_codes import REJECT_REASONS
from rendering import html
from store.analytics.analysis import Analysis
from store.analytics.report import charts
from store.analytics.report.numbers import count, duration, percent
from store.analytics.report.pieces import Summary, with_legend


def orders(analysis: Analysis, found: Summary) -> str:
    """What became of orders, how long it took, and where they stood in the queue."""
    total = found["total"]["orders"]
    if not total["sent"]:
        return ""
    outcomes = [(name, f"p{place}", number) for place, (name, number) in enumerate(total["outcomes"].items())]
    rows = analysis.orders
    times = [
        ("first", "a", rows["to_first"].drop_nulls().to_list()),
        ("last", "b", rows.filter(rows["outcome"] == "filled")["to_last"].drop_nulls().to_list()),
    ]
    key = html.legend([("ka", "first execution"), ("kb", "complete")])
    picture = charts.cumulative("Time to fill", times)
    return html.section(
        "Orders",
        "Times run from acceptance, and only orders that were executed have one. Shares ahead are those displayed at "
        "the order's price when it came.",
        html.columns(
            html.card("What became of them", html.shares(outcomes), wide=True),
            html.card("Time to fill", with_legend(picture, key), _on_arrival(times[0][2])),
            html.stack(
                html.card("Queue position at entry", _queue(found)),
                html.card("Refused by the risk gate", _reasons("check", found["refused"]["by_check"])),
                html.card("Rejected by the exchange", _reasons("reason", _explained(found["rejected"]))),
            ),
        ),
    )


def _on_arrival(times: Sequence[int]) -> str:
    """How many executed orders were executed by the message that brought them."""
    if not times:
        return ""
    at_once = sum(time <= 0 for time in times)
    return (
        f'<p class="note below">{at_once:,} of {len(times):,} executed orders had their first execution on arrival.</p>'
    )


def _explained(rejected: Mapping[str, int]) -> dict[str, int]:
    return {_reject(code): number for code, number in rejected.items()}


def _queue(found: Summary) -> str:
    buckets = [bucket for bucket in found["queue_buckets"] if bucket["orders"]]
    if not buckets:
        return ""
    rows = []
    for bucket in buckets:
        low, high = bucket["from"], bucket["to"]
        name = (
            count(low)
            if high == low
            else f"{count(low)} and more"
            if high is None
            else f"{count(low)} to {count(high)}"
        )
        time = bucket["time_to_first_fill_ns"].get("p50")
        rows.append([name, count(bucket["orders"]), percent(bucket["fill_ratio"]), duration(time)])
    return html.table(["shares ahead", "orders", "filled", "median to first fill"], rows)


def _reasons(name: str, counts: Mapping[str, int]) -> str:
    return html.table([name, "count"], [[reason, count(number)] for reason, number in counts.items()]) if counts else ""


def _reject(code: str) -> str:
    """A reject reason of OUCH 5.0 with its text."""
    if not code.isdecimal():
        return code or "(none)"
    return f"0x{int(code):04X} {REJECT_REASONS.get(int(code), 'not listed')}"
