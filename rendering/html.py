"""Pieces of HTML: every text that comes in is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, style: str, *content: str) -> str:
    """A whole page that needs nothing else and may ask for nothing: no script, no font, no picture from anywhere."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(content)}</main></body></html>\n"
    )


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    last: Sequence[str] = (),
    kind: str = "",
    coloured: bool = True,
    classes: Mapping[str, str] = {},
) -> str:
    """A table of texts; `last` is a row of sums. `coloured`: cells with a sign have the colour of gain or loss;
    `classes`: those of cells with certain texts."""
    cells = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{_cells(row, coloured, classes)}</tr>" for row in rows)
    if last:
        body += f'<tr class="sum">{_cells(last, coloured, classes)}</tr>'
    name = f' class="{kind}"' if kind else ""
    return f'<div class="scroll"><table{name}><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'


def card(title: str, *content: str, wide: bool = False) -> str:
    """A box with a title; nothing when there is no content."""
    inner = "".join(content)
    if not inner:
        return ""
    return f'<section class="card{" wide" if wide else ""}"><h3>{escape(title)}</h3>{inner}</section>'


def columns(*cards: str) -> str:
    """Boxes in two columns; one on a phone."""
    inner = "".join(cards)
    return f'<div class="cols">{inner}</div>' if inner else ""


def stack(*cards: str) -> str:
    """Boxes below each other in one column; nothing without boxes."""
    inner = "".join(cards)
    return f'<div class="stack">{inner}</div>' if inner else ""


def section(title: str, note: str, *content: str) -> str:
    """A part of the page: heading, a note, content; nothing when there is no content."""
    inner = "".join(content)
    return f'<h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{inner}' if inner else ""


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """What colours stand for: class and name."""
    return (
        f'<ul class="legend">{"".join(f"<li><i class={kind!r}></i>{escape(name)}</li>" for kind, name in entries)}</ul>'
    )


def tile(name: str, value: str, more: str = "", *, coloured: bool = False) -> str:
    """A headline figure."""
    kind = _colour(value) if coloured else ""
    inner = f'<b class="{kind}">{escape(value)}</b>' if kind else f"<b>{escape(value)}</b>"
    return f'<div class="tile"><span>{escape(name)}</span>{inner}<span>{escape(more)}</span></div>'


def shares(parts: Sequence[tuple[str, str, int]]) -> str:
    """One bar of parts of a whole, with what their colours stand for. `parts`: name, class, count."""
    whole = sum(count for _, _, count in parts)
    bars, names = "", []
    for name, kind, count in parts:
        if count:
            share = 100 * count / whole
            text = f"{share:.0f} %" if share >= 6 else ""
            bars += f'<span class="{kind}" style="flex-grow:{count}" title="{escape(name)} {count:,}">{text}</span>'
            names.append((kind, f"{name} {count:,}"))
    return f'<div class="bar">{bars}</div>{legend(names)}' if bars else ""


def warning(text: str, points: Iterable[str]) -> str:
    """A box that one should read first; nothing without points."""
    inner = "".join(f"<li>{escape(point)}</li>" for point in points)
    return f'<div class="warning">{escape(text)}<ul>{inner}</ul></div>' if inner else ""


def _cells(row: Sequence[str], coloured: bool, classes: Mapping[str, str]) -> str:
    cells = [(classes.get(cell) or (_colour(cell) if coloured else ""), escape(cell)) for cell in row]
    return "".join(f'<td class="{kind}">{cell}</td>' if kind else f"<td>{cell}</td>" for kind, cell in cells)


def _colour(value: str) -> str:
    return "good" if value.startswith("+") else "bad" if value.startswith("−") else ""
