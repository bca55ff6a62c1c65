"""The sizes of an image as one web page: a treemap, and below it every number as nested lists.

The page is one file without scripts; it asks for nothing from anywhere, and follows the reader's light or dark theme.
"""

from html import escape

from image.sizes import Part, Sizes, group
from image.treemap import Rectangle, lay_out

_SURFACE = Rectangle(0, 0, 160, 100)
"""The shape of the map on a screen that is wider than high."""
_HEADING = 3.0
"""Height of a group's name."""
_SMALLEST = 0.0008
"""Share of the whole below which a rectangle has no room of its own and goes into `others`."""
_LABELLED = 0.004
_DEPTH = 3
_HUES = (210, 265, 20, 150, 340, 95, 45, 185, 300, 120)

_STYLE = """
:root { color-scheme: light dark; --page: #fbfbfa; --ink: #1c2024; --dim: #5d666f; --line: #d5d9dd; --l: 84%; --s: 55% }
@media (prefers-color-scheme: dark) {
  :root { --page: #15181b; --ink: #e6e9ec; --dim: #9aa4ad; --line: #343a40; --l: 21%; --s: 38% } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 78rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif }
h1 { font-size: 1.35rem; margin: 0 0 .2rem } h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem }
p { margin: .3rem 0; color: var(--dim) }
.map { position: relative; width: 100%; aspect-ratio: 16 / 10; border: 1px solid var(--line) }
.map div { position: absolute; overflow: hidden; border: 1px solid var(--page); padding: 0 .25em;
  background: hsl(var(--h) var(--s) var(--l)); font-size: .72rem; line-height: 1.3; white-space: nowrap;
  text-overflow: ellipsis }
.map .group { background: hsl(var(--h) calc(var(--s) - 15%) calc(var(--l) + 3%)); font-weight: 600 }
.map div:hover { outline: 2px solid var(--ink); outline-offset: -2px; z-index: 1 }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left }
td:last-child, th:last-child { text-align: right; font-variant-numeric: tabular-nums }
details { margin-left: .9rem } summary { cursor: pointer } ul { margin: 0 0 0 .9rem; padding-left: 1.1rem }
details > summary > b, li > b { font-weight: 400; font-variant-numeric: tabular-nums; color: var(--dim) }
@media (max-width: 40rem) { .map { aspect-ratio: 3 / 4 } body { padding: .6rem } }
"""


def page(sizes: Sizes) -> str:
    """The whole page."""
    title = f"Sizes of hftos {sizes.version}, profile {sizes.profile}"
    whole = group("all", (sizes.kernel, sizes.userspace))
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>One EFI program of {_bytes(sizes.uki.bytes)}; unpacked, kernel and userspace are {_bytes(whole.bytes)}. "
        f"The areas are unpacked bytes: {whole.parts[0].name} on the left, {whole.parts[1].name} on the right.</p>",
        f'<div class="map" role="img" aria-label="Treemap; the lists below hold the same numbers">{_map(whole)}</div>',
        "<h2>The EFI program, as stored</h2>",
        _table(sizes.uki),
        f"<h2>The kernel's objects: {_bytes(sizes.kernel.bytes)}</h2>",
        *(_list(part, sizes.kernel.bytes) for part in sizes.kernel.parts),
        f"<h2>Userspace: {_bytes(sizes.userspace.bytes)}</h2>",
        *(_list(part, sizes.userspace.bytes) for part in sizes.userspace.parts),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>" + "\n".join(body) + "</body></html>\n"
    )


def _map(whole: Part) -> str:
    drawn: list[str] = []
    for side, place in zip(whole.parts, lay_out([part.bytes for part in whole.parts], _SURFACE), strict=True):
        for number, (part, inner) in enumerate(_inside(side, place, whole.bytes)):
            hue = _HUES[(number + len(side.name)) % len(_HUES)]
            _draw(part, inner, side.name, whole.bytes, hue, _DEPTH, drawn)
    return "".join(drawn)


def _inside(part: Part, place: Rectangle, whole: int) -> list[tuple[Part, Rectangle]]:
    """The parts with their places; those too small to see are one."""
    seen = [below for below in part.parts if below.bytes >= whole * _SMALLEST]
    hidden = sum(below.bytes for below in part.parts) - sum(below.bytes for below in seen)
    if hidden:
        seen.append(Part(f"{len(part.parts) - len(seen)} others", hidden))
    return list(zip(seen, lay_out([below.bytes for below in seen], place), strict=True)) if seen else []


def _draw(part: Part, place: Rectangle, above: str, whole: int, hue: int, depth: int, drawn: list[str]) -> None:
    name, share = f"{above}/{part.name}", part.bytes / whole
    divided = bool(part.parts) and depth > 1 and place.height > 3 * _HEADING and place.width > 2 * _HEADING
    label = escape(part.name) if share >= _LABELLED else ""
    kind = ' class="group"' if divided else ""
    tip = escape(f"{name}: {_bytes(part.bytes)}, {share:.1%}", quote=True)
    drawn.append(f'<div{kind} style="--h:{hue};{_style(place)}" title="{tip}">{label}</div>')
    if divided:
        margin = place.width * 0.005
        inner = Rectangle(
            place.x + margin, place.y + _HEADING, place.width - 2 * margin, place.height - _HEADING - margin
        )
        for below, where in _inside(part, inner, whole):
            _draw(below, where, name, whole, hue, depth - 1, drawn)


def _style(place: Rectangle) -> str:
    left, width = place.x / _SURFACE.width, place.width / _SURFACE.width
    top, height = place.y / _SURFACE.height, place.height / _SURFACE.height
    return f"left:{left:.3%};top:{top:.3%};width:{width:.3%};height:{height:.3%}"


def _table(part: Part) -> str:
    rows = "".join(f"<tr><td>{escape(p.name)}</td><td>{p.bytes:,}</td></tr>" for p in part.parts)
    return f"<table><tr><th>Section</th><th>Bytes</th></tr>{rows}</table>"


def _list(part: Part, whole: int) -> str:
    line = f"{escape(part.name)} <b>{part.bytes:,} ({part.bytes / whole:.1%})</b>"
    if not part.parts:
        return f"<ul><li>{line}</li></ul>"
    groups = "".join(_list(below, whole) for below in part.parts if below.parts)
    leaves = "".join(f"<li>{escape(below.name)} <b>{below.bytes:,}</b></li>" for below in part.parts if not below.parts)
    return f"<details><summary>{line}</summary>{groups}{f'<ul>{leaves}</ul>' if leaves else ''}</details>"


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.2f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"
