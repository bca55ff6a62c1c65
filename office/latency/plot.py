"""One page with all charts and figures of a source, which needs nothing else: no script, no request, dark and light."""

import itertools
from collections.abc import Callable
from html import escape
from typing import Final

from office.latency import charts, hops
from office.latency.document import ordered
from office.latency.figures import NAMES, duration, figures
from office.latency.histogram import Histogram
from office.latency.measured import Measured

COLOURS: Final = 8
_TITLES: Final = {"p999": "p99.9"}
_INSIDE: Final = frozenset(hop.name for hop in hops.HOPS if hop.measured == hops.DECISIONS)
_WIRE: Final = frozenset(hops.NAMES) - _INSIDE | {"tick_to_trade"}
_GROUPS: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("On the wire", lambda name: name in _WIRE),
    ("Inside the program", lambda name: name in _INSIDE),
    ("Strategies and other histograms", lambda name: name not in _WIRE and name not in _INSIDE),
)
_STYLE: Final = """
:root { color-scheme: light dark; --ground: #fbfbfa; --ink: #1b1d21; --quiet: #6a6f78; --rule: #e2e3e5;
  --card: #ffffff; --warn: #8a5a00; --warn-ground: #fff4db; --good: #1a6b3c; --good-ground: #e2f4e8;
  --c0: #1f6fd6; --c1: #c2410c; --c2: #0d8a63; --c3: #8a3ffc; --c4: #b0246f; --c5: #7a6a00; --c6: #0e7490;
  --c7: #6b4f3a; }
@media (prefers-color-scheme: dark) { :root { --ground: #14161a; --ink: #e6e7ea; --quiet: #969ca8; --rule: #2b2f36;
  --card: #1b1e23; --warn: #f2c261; --warn-ground: #3a2f14; --good: #7fd6a0; --good-ground: #17351f;
  --c0: #6aa9ff; --c1: #ff9a66; --c2: #4fd1a5; --c3: #bb97ff; --c4: #f57fb8; --c5: #d8c64a; --c6: #5cc8e0;
  --c7: #c9a88a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 24px 48px; max-width: 1060px; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 22px; margin: 0 0 2px; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 15px; margin: 34px 0 8px; font-weight: 620; }
h3 { font-size: 12px; margin: 0 0 2px; font-weight: 600; }
.from { color: var(--quiet); margin: 0 0 12px; overflow-wrap: anywhere; }
.verdict { display: inline-block; padding: 2px 10px; border-radius: 4px; background: var(--warn-ground);
  color: var(--warn); overflow-wrap: anywhere; }
.verdict.yes { background: var(--good-ground); color: var(--good); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { color: var(--quiet); font-weight: 500; font-size: 12px; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td:first-child { font-weight: 550; }
td.way, th.way { text-align: left; color: var(--quiet); font-size: 12px; }
ul { padding-left: 18px; color: var(--quiet); margin: 10px 0 0; }
.small { font-size: 10px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 12px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 10px 10px 4px;
  min-width: 0; }
.wide { margin-bottom: 12px; overflow-x: auto; } .wide svg { min-width: 660px; }
.hint { color: var(--quiet); font-size: 12px; margin: 16px 0 8px; } .hint b { color: var(--ink); font-weight: 600; }
svg { width: 100%; height: auto; display: block; font-variant-numeric: tabular-nums; }
svg text { font-family: inherit; }
.label { font-size: 12px; fill: var(--quiet); } svg .small { font-size: 10px; fill: var(--quiet); }
.name { font-size: 12px; font-weight: 600; }
.grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--quiet); stroke-width: 1; }
.mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 2 2; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .lead { stroke-width: 1; opacity: 0.45; }
.area { opacity: 0.22; } .bar { opacity: 0.85; } .dot { opacity: 0.6; }
"""


def page(measured: Measured) -> str:
    """The page as HTML. Raises nothing for any `Measured` with at least one histogram that is not empty."""
    histograms = {name: measured.histograms[name] for name in ordered(measured) if measured.histograms[name].total}
    groups = [(title, [name for name in histograms if belongs(name)]) for title, belongs in _GROUPS]
    colours = _colours([names for _, names in groups])
    parts = [_head(measured), _table(measured)]
    drawn: set[str] = set()
    for title, names in groups:
        if names:
            parts.append(f"<h2>{title}</h2>")
            parts += [_percentiles(histograms, chunk, colours) for chunk in _chunks(names)]
            parts += _breakdown(measured, names, colours)
            fresh = [name for name in names if name not in drawn]
            parts.append(_cards("How often", "values by latency; p50 and p99 marked", fresh, histograms, colours))
            parts.append(_timelines(measured, fresh, colours))
            drawn.update(names)
    colour_rules = "".join(
        f".c{n} {{ stroke: var(--c{n}); }} .bar.c{n}, .area.c{n}, .dot.c{n}, .name.c{n} "
        f"{{ fill: var(--c{n}); stroke: none; }}\n"
        for n in range(COLOURS)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Latency: {escape(measured.name)}</title><style>{_STYLE}{colour_rules}</style></head>\n<body>"
        f"{chr(10).join(parts)}</body></html>\n"
    )


def _colours(groups: list[list[str]]) -> dict[str, int]:
    """A colour number for each hop: different ones within a group, and one hop has the same in every group."""
    found: dict[str, int] = {}
    for names in groups:
        taken = {found[name] for name in names if name in found}
        free = itertools.cycle([number for number in range(COLOURS) if number not in taken])
        found |= {name: next(free) for name in names if name not in found}
    return found


def _head(measured: Measured) -> str:
    style = "verdict yes" if measured.quotable else "verdict"
    lines = [*(f"Checked: {check}" for check in measured.checks), *measured.notes]
    notes = f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in lines)}</ul>" if lines else ""
    return (
        f'<h1>Latency</h1><p class="from">{escape(measured.name)}</p>'
        f'<div class="{style}">{escape(measured.verdict)}</div>{notes}'
    )


def _table(measured: Measured) -> str:
    heads = "".join(f"<th>{_TITLES.get(name, name)}</th>" for name in NAMES)
    rows = []
    for name in ordered(measured):
        found = figures(measured.histograms[name])
        cells = "".join(f"<td>{duration(found[key])}</td>" for key in NAMES[:-1])
        hop = hops.EXPLAINED.get(name)
        way = f"{hop.begins} → {hop.ends}" if hop else ""
        rows.append(
            f'<tr><td>{escape(name)}</td>{cells}<td>{found["count"]:,}</td><td class="way">{escape(way)}</td></tr>'
        )
    return (
        f'<h2>Figures</h2><div class="scroll"><table><thead><tr><th>hop</th>{heads}<th class="way">from → to</th>'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _percentiles(histograms: dict[str, Histogram], names: list[str], colours: dict[str, int]) -> str:
    return (
        f'<div class="card wide">{charts.percentile_chart({name: histograms[name] for name in names}, colours)}</div>'
    )


def _breakdown(measured: Measured, names: list[str], colours: dict[str, int]) -> list[str]:
    """The hops whose parts all belong to the group, cut into them."""
    return [
        f'<div class="card wide">{charts.breakdown_chart(each, colours)}</div>'
        for each in measured.breakdowns
        if all(part in names for part, _ in each.parts)
    ]


def _cards(title: str, hint: str, names: list[str], histograms: dict[str, Histogram], colours: dict[str, int]) -> str:
    cards = "".join(
        f'<div class="card"><h3>{escape(name)}</h3>{charts.histogram_chart(histograms[name], colours[name])}</div>'
        for name in names
    )
    return f'<p class="hint"><b>{title}</b> {hint}</p><div class="cards">{cards}</div>'


def _timelines(measured: Measured, names: list[str], colours: dict[str, int]) -> str:
    """Figures over time of the hops that have times, all on one axis of time."""
    known = [name for name in names if any(each.histogram.total for each in measured.timeline.get(name, ()))]
    every = [interval for name in known for interval in measured.timeline[name]]
    if len({interval.start for interval in every}) < 2:
        return ""
    begin, end = min(each.start for each in every), max(each.start + each.length for each in every)
    cards = "".join(
        f'<div class="card"><h3>{escape(name)}</h3>'
        f"{charts.time_chart(measured.timeline[name], colours[name], begin, end)}</div>"
        for name in known
    )
    hint = "line: median, area: up to the 99th percentile, dots: greatest value of each interval"
    return f'<p class="hint"><b>Over time</b> {hint}</p><div class="cards">{cards}</div>'


def _chunks(names: list[str]) -> list[list[str]]:
    """At most as many lines in a chart as there are colours."""
    return [names[at : at + COLOURS] for at in range(0, len(names), COLOURS)]
