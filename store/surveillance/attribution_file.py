"""Attributed events in a file: one JSON list a line, `["order", …]`, `["quote", …]` or `["trade", …]`, the fields in
the order of `events`. It is what a venue hands over that knows whose every order is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from store.surveillance.events import Event, OrderEvent, Quote, Trade, is_sound

_KINDS: Final[dict[str, type[OrderEvent] | type[Quote] | type[Trade]]] = {
    "order": OrderEvent,
    "quote": Quote,
    "trade": Trade,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


class EventsError(ValueError):
    """Events that cannot be read; the text names file, line and the remedy."""


def line(event: Event) -> str:
    """An event as its line, without the line feed."""
    return json.dumps([_NAMES[type(event)], *event], separators=(",", ":"))


def write(path: Path, events: Iterable[Event]) -> None:
    """Write a file. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        for event in events:
            file.write(line(event) + "\n")


def read(path: Path) -> Iterator[Event]:
    """The events of a file; half a line at its end, left by a crash, is passed over. Raises EventsError."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if not text.endswith("\n"):
                    return
                event = parse(text)
                if event is None:
                    raise EventsError(
                        f"{path}, line {number} is no event: {text[:80].strip()!r}; give a file of events"
                    )
                yield event
    except (OSError, UnicodeDecodeError) as error:
        raise EventsError(f"cannot read {path}: {error}; give a file of attributed events") from error


def parse(text: str) -> Event | None:
    """The event of a line, None for anything else."""
    try:
        row: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, list) or not row or not isinstance(row[0], str):
        return None
    kind = _KINDS.get(row[0])
    if kind is None or len(row) != 1 + len(kind._fields):
        return None
    event: Event = kind(*row[1:])
    return event if is_sound(event) else None
