"""A picture of an alert: best prices, the owner's orders from entry to end, its executions, the decisive moment."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from store.surveillance.alert import Alert
from store.surveillance.events import ENTERED, EXECUTED, REDUCED, REPLACED, OrderEvent, Quote
from store.surveillance.rule import SECOND, dollars

_WIDTH, _HEIGHT = 960, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 16, 16, 38
_TICKS: Final = 6
_STYLE: Final = """
:root{color-scheme:light dark;--bg:#fbfbfa;--ink:#1c1c1a;--dim:#6d6c68;--line:#dddbd6;--buy:#1f6fb5;--sell:#b5471f;
--bid:#8db4d3;--ask:#d8ab97;--mark:#8a6d00}
@media(prefers-color-scheme:dark){:root{--bg:#151514;--ink:#e9e7e2;--dim:#9a9892;--line:#33322f;--buy:#6fb1ea;
--sell:#ef9470;--bid:#3d617f;--ask:#7d4d39;--mark:#d9b53a}}
body{background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;
padding:0 1rem}
h1{font-size:1.3rem;margin:0}p{margin:.4rem 0}.dim{color:var(--dim)}
svg{width:100%;min-width:40rem;height:auto;margin:1rem 0}svg text{font:12px system-ui,sans-serif;fill:var(--dim)}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th{color:var(--dim);font-weight:500;text-align:left}
td,th{white-space:nowrap;padding:.15rem .6rem;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right}tr.of td{font-weight:600}.scroll{overflow-x:auto}
"""


@dataclass(slots=True)
class _Bar:
    """An order in the picture."""

    ref: int
    side: str
    price: int
    shares: int
    begin: int
    end: int


class _Scale:
    """Times and prices as places in the picture."""

    def __init__(self, times: Sequence[int], prices: Sequence[int]) -> None:
        self.begin, self.end = min(times), max(max(times), min(times) + 1)
        room = max(1, (max(prices) - min(prices)) // 12)
        self.low, self.high = min(prices) - room, max(prices) + room

    def x(self, t: int) -> float:
        at = (t - self.begin) / (self.end - self.begin)
        return round(_LEFT + at * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, price: int) -> float:
        at = (price - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - at * (_HEIGHT - _TOP - _BOTTOM), 1)


def clock(t: int) -> str:
    """A time of day, ns since midnight, to the millisecond."""
    seconds, ns = divmod(t, SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ns // 1_000_000:03}"


def page(alert: Alert, state: str = "") -> str:
    """The alert as one HTML file that fetches nothing."""
    figures = ", ".join(_figure(key, value) for key, value in alert.figures.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(alert.rule)} {alert.id}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(alert.rule.replace('_', ' ').capitalize())} in {html.escape(alert.symbol)}</h1>"
        f"<p>{html.escape(alert.text)}</p><p class=dim>alert {alert.id}, {html.escape(alert.severity)}, owner "
        f"{html.escape(alert.owner)}, accounts {html.escape(', '.join(alert.accounts))}, {clock(alert.t)}"
        f"{', ' + html.escape(state) if state else ''}<br>{html.escape(figures)}</p>{svg(alert)}{_rows(alert)}</html>\n"
    )


def _figure(key: str, value: object) -> str:
    """A measure of an alert in words: `apart 1.427 ms` of `apart_ns`."""
    if not isinstance(value, int | float):
        return f"{key.replace('_', ' ')} {value}"
    if key.endswith("_ns"):
        return f"{key.removesuffix('_ns').replace('_', ' ')} {value / 1e6:,.3f} ms"
    return f"{key.replace('_', ' ')} {value:,}"


def svg(alert: Alert) -> str:
    """The picture."""
    bars = list(_bars(alert))
    part = [bar for bar in bars if bar.ref in alert.refs] or bars
    if not part:
        return "<p class=dim>No order of this alert stood in a book.</p>"
    first, last = min(bar.begin for bar in part), max([alert.t, *(bar.end for bar in part)])
    margin = max(SECOND // 100, (last - first) // 4)
    bars = [bar for bar in bars if bar.end >= first - margin and bar.begin <= last + margin]
    quotes = _between(alert.evidence.quotes, first - margin, last + margin)
    prices = [bar.price for bar in bars] + [price for one in quotes for price in (one.bid, one.ask) if price]
    scale = _Scale([first - margin, last + margin], prices)
    parts = [_axes(scale)]
    for side, colour in (("bid", "--bid"), ("ask", "--ask")):
        parts.append(_steps(scale, [(one.t, getattr(one, side)) for one in quotes], colour))
    largest = max((bar.shares for bar in bars), default=1)
    parts += [_bar(scale, bar, largest, bar.ref in alert.refs) for bar in bars]
    shown = range(first - margin, last + margin + 1)
    traded = [one for one in alert.evidence.orders if one.event == EXECUTED and one.t in shown]
    parts += [_dot(scale, one) for one in traded]
    x = scale.x(alert.t)
    parts.append(f'<path d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="var(--mark)" stroke-dasharray="4 3"/>')
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg"'
    return (
        f"<div class=scroll><svg {size}>{''.join(parts)}</svg></div>"
        "<p class=dim>Thin lines: best bid and ask. Bars: the owner's orders, blue to buy, red to sell, as thick as "
        "large, pale where they are not part of the alert. Dots: executions. Dashed: the alert.</p>"
    )


def _between(quotes: Sequence[Quote], begin: int, end: int) -> list[Quote]:
    """The quotes of a time, and the one that stood when it began."""
    before = [one for one in quotes if one.t < begin][-1:]
    return before + [one for one in quotes if begin <= one.t <= end]


def _round(span: int) -> int:
    """The step of a price scale: 1, 2 or 5 of a power of ten, so that about ``_TICKS`` fit."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if span <= step * factor * _TICKS:
                return step * factor
        step *= 10


def _bars(alert: Alert) -> Iterable[_Bar]:
    """Orders from entry to end, of the events there are; one that did not end goes to the alert."""
    standing: dict[int, _Bar] = {}
    left: dict[int, int] = {}
    for one in alert.evidence.orders:
        if one.event == REPLACED and one.replaces in standing:
            old = standing.pop(one.replaces)
            old.end = one.t
            yield old
        if one.event in (ENTERED, REPLACED):
            standing[one.ref] = _Bar(one.ref, one.side, one.price, one.shares, one.t, max(one.t, alert.t))
            left[one.ref] = one.shares
        elif one.event in (REDUCED, EXECUTED) and one.ref in standing:
            left[one.ref] -= one.shares
            if left[one.ref] <= 0:
                bar = standing.pop(one.ref)
                bar.end = one.t
                yield bar
    yield from standing.values()


def _axes(scale: _Scale) -> str:
    parts = []
    step = _round(scale.high - scale.low)
    for price in range(-(-scale.low // step) * step, scale.high + 1, step):
        y = scale.y(price)
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="var(--line)"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{dollars(price)}</text>')
    for i in range(_TICKS):
        t = scale.begin + (scale.end - scale.begin) * i // (_TICKS - 1)
        anchor = "start" if i == 0 else "end" if i == _TICKS - 1 else "middle"
        parts.append(f'<text x="{scale.x(t)}" y="{_HEIGHT - 14}" text-anchor="{anchor}">{clock(t)}</text>')
    return "".join(parts)


def _steps(scale: _Scale, points: list[tuple[int, int]], colour: str) -> str:
    path = ""
    for t, price in points:
        if not price:
            continue
        x, y = scale.x(max(t, scale.begin)), scale.y(price)
        path += f"H{x}V{y}" if path else f"M{x} {y}"
    return f'<path d="{path}H{scale.x(scale.end)}" fill="none" stroke="var({colour})"/>' if path else ""


def _bar(scale: _Scale, bar: _Bar, largest: int, part: bool) -> str:
    thick = 2 + 8 * (bar.shares / largest) ** 0.5
    x, width = scale.x(bar.begin), max(2.0, scale.x(bar.end) - scale.x(bar.begin))
    colour = "--buy" if bar.side == "B" else "--sell"
    faint = "" if part else ' opacity="0.3"'
    what = f"{bar.ref}: {bar.shares:,} at {dollars(bar.price)}, {clock(bar.begin)} to {clock(bar.end)}"
    return (
        f'<rect x="{x}" y="{scale.y(bar.price) - thick / 2:.1f}" width="{width:.1f}" height="{thick:.1f}" rx="1" '
        f'fill="var({colour})"{faint}><title>{what}</title></rect>'
    )


def _dot(scale: _Scale, one: OrderEvent) -> str:
    colour = "--buy" if one.side == "B" else "--sell"
    return (
        f'<circle cx="{scale.x(one.t)}" cy="{scale.y(one.price)}" r="5" fill="var({colour})" stroke="var(--bg)" '
        f'stroke-width="2"><title>{one.shares:,} at {dollars(one.price)}, {clock(one.t)}</title></circle>'
    )


def _rows(alert: Alert) -> str:
    head = "".join(f"<th{' class=n' if i > 4 else ''}>{name}</th>" for i, name in enumerate(COLUMNS))
    body = ""
    for one in alert.evidence.orders:
        cells = "".join(
            f"<td{' class=n' if i > 4 else ''}>{html.escape(cell)}</td>" for i, cell in enumerate(cells_of(one))
        )
        body += f"<tr{' class=of' if one.ref in alert.refs else ''}>{cells}</tr>"
    return f"<div class=scroll><table><tr>{head}</tr>{body}</table></div>"


COLUMNS: Final = ("time", "account", "event", "reason", "side", "order", "shares", "price", "match")


def cells_of(one: OrderEvent) -> tuple[str, ...]:
    """An order event as the cells of a table."""
    event = f"{one.event} (took)" if one.aggressive else one.event
    match = str(one.match) if one.match else ""
    reason = one.reason if one.event == REDUCED else ""
    return (
        *(clock(one.t), one.account, event, reason, one.side),
        *(str(one.ref), f"{one.shares:,}", dollars(one.price), match),
    )
