"""What the agents did, in their own words: one line of JSON for every episode, honest ones included.

Surveillance is judged against these lines: what it should have found, and what it should not have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any


class LabelError(ValueError):
    """Labels that cannot be kept; the text names the file and the remedy."""


@dataclass
class Label:
    """One episode. Times are ns since midnight.

    ``side``: what the agent wanted to get done, `B`, `S` or `BS`; of a spoof it is that of the genuine order.
    ``orders`` are references of all orders, ``genuine`` those that were meant to trade, ``matches`` the match numbers
    of its trades, ``self_matches`` those between its own accounts, ``filled`` the shares of all. ``owners`` are owner
    numbers, ``firms`` the firm of each of them.
    ``complete`` is False when the day ended first.
    """

    id: str
    kind: str
    agent: str
    firm: str
    symbol: str
    start: int
    end: int
    side: str
    intent: str
    honest: bool
    orders: list[int] = field(default_factory=list)
    genuine: list[int] = field(default_factory=list)
    matches: list[int] = field(default_factory=list)
    self_matches: list[int] = field(default_factory=list)
    filled: int = 0
    owners: list[int] = field(default_factory=list)
    firms: list[str] = field(default_factory=list)
    complete: bool = True


class Labels:
    """Appends labels to a file as episodes end, and keeps a count by kind; without a path it only counts.

    A label whose id the file has already is not written again: a session that is resumed goes through its past once
    more.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.counts: dict[str, int] = {}
        self._file = None
        self._known: set[str] = set()
        if path is None:
            return
        try:
            if path.exists():
                self._known = {label.id for label in read(path)}
                _cut(path)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise LabelError(f"cannot write labels to {path}: {error.strerror}; give another folder") from error

    def add(self, label: Label) -> None:
        """Write a label; the line is complete when this returns."""
        self.counts[label.kind] = self.counts.get(label.kind, 0) + 1
        if self._file is not None and label.id not in self._known:
            self._known.add(label.id)
            self._file.write(json.dumps(asdict(label), separators=(",", ":")) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; nothing can be added afterwards."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Labels:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _cut(path: Path) -> None:
    """Take off the half line that a crash may have left at the end."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)


def read(path: Path) -> Sequence[Label]:
    """The labels of a file. LabelError: a line is not a label (a half line at the end is left out)."""
    labels = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            break
        try:
            row: dict[str, Any] = json.loads(line)
            labels.append(Label(**row))
        except (ValueError, TypeError) as error:
            raise LabelError(f"{path}, line {number} is no label: {error}; remove the file or give another") from error
    return labels
