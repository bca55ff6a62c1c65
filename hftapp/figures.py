"""The trader's figures in memory that the supervisor reads from the other CPU: counters, histograms, instruments.

The trader only adds to words; it makes no report. One mapping, made before the fork, holds in this order a head (who
made it, the clock's reference), texts, groups of counters, open groups, histograms, and a block for each instrument.
Every figure is one aligned word, so it is never half written; two figures read one after the other may be of different
moments, and only the last reading, after the trader has said that it is done, adds up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hftapp import clock
from hftapp.histogram import SIZE, Histogram, export
from hftapp.shared import SharedMemory, Words, acquire

HEAD_WORDS: Final = 16
TICKS_PER_SECOND: Final = 1 + clock.REFERENCE
SHOWN: Final = TICKS_PER_SECOND + 1
"""Word of the head: how many instruments have a block."""
TEXT_WORDS: Final = 8
LINE: Final = 8
"""Words of a cache line: what one writer touches starts on its own."""

INSTRUMENT: Final = (
    "stock",
    "position",
    "bid",
    "bid_shares",
    "ask",
    "ask_shares",
    "last",
    "halts",
    "exposed_buy",
    "exposed_sell",
    "open_notional",
    "updates",
)
"""First words of an instrument's block; `stock` are the 8 bytes of the symbol, the rest as in `Instrument`."""
EDITION: Final = len(INSTRUMENT)
"""The next word: how often prices and depth were written, times two; odd while they are."""
LEVELS: Final = 5
"""Levels of each side behind that: price4 and shares of each, best first, bids then asks; 0 where there is none."""
DEPTH: Final = EDITION + 1
STRIDE: Final = DEPTH + 4 * LEVELS
OPEN_ENTRIES: Final = 96
NAME_BYTES: Final = 40
_ENTRY: Final = NAME_BYTES // 8 + 1


@dataclass(frozen=True)
class Layout:
    """What there is. `groups`: names of the words, or only their number; `open`: names come when they are published."""

    groups: Mapping[str, Sequence[str] | int]
    open: Sequence[str] = ()
    histograms: Sequence[str] = ()
    texts: Sequence[str] = ()
    instruments: int = 1 << 14


@dataclass
class _Places:
    """Where everything lies, in words."""

    end: int = HEAD_WORDS
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, name: str, words: int) -> None:
        if name in self.places:
            raise ValueError(f"figures named {name!r} are there twice: give one of them another name")
        self.places[name] = self.end, words
        self.end += -(-words // LINE) * LINE


class Figures:
    """The figures of one trader, laid out by a table; raises ValueError for a name that is there twice."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        made = _Places()
        for name in layout.texts:
            made.add(name, TEXT_WORDS)
        for name, names in layout.groups.items():
            made.add(name, names if isinstance(names, int) else len(names))
        for name in layout.open:
            made.add(name, OPEN_ENTRIES * _ENTRY)
        for name in layout.histograms:
            made.add(name, SIZE)
        made.add("instruments", layout.instruments * STRIDE)
        self._places = made.places
        self.shared = SharedMemory("figures", 8 * made.end)
        self._words = self.shared.words
        self._words[TICKS_PER_SECOND] = clock.SECOND
        self._published: dict[str, dict[str, int]] = {}
        for name in layout.histograms:
            Histogram(self.words(name))

    def words(self, name: str) -> Words:
        """The words of a group, a histogram or all instruments, to be written or read; KeyError for an unknown name."""
        at, count = self._place(name)
        return self._words[at : at + count]

    def histogram(self, name: str) -> Histogram:
        """A histogram to record in."""
        return Histogram(self.words(name))

    def exported(self, name: str) -> dict[str, object]:
        """A histogram as plain values (`Histogram.export`)."""
        return export(self.words(name))

    def counters(self, name: str) -> dict[str, int]:
        """A group by name; of an open one what has been published."""
        names = self.layout.groups.get(name)
        if names is None:
            return dict(self._entries(name))
        if isinstance(names, int):
            text = f"the {names} figures of {name!r} have numbers, not names: use words({name!r})"
            raise KeyError(text)
        return dict(zip(names, self.words(name).tolist(), strict=True))

    def publish(self, name: str, values: Mapping[str, int]) -> None:
        """Write the values of an open group; a name is added when it comes first. For one writer, and not for
        the path.

        Raises ValueError when there are too many names or one is too long.
        """
        at, _ = self._place(name)
        known = self._published.setdefault(name, {})
        for key, value in values.items():
            number = known.get(key)
            if number is None:
                number = self._name(key, name, at, len(known))
                known[key] = number
            self._words[at + number * _ENTRY + _ENTRY - 1] = value

    def _name(self, key: str, name: str, at: int, number: int) -> int:
        """Write the name of a new entry of an open group; returns its number."""
        encoded = key.encode("ascii")
        if number >= OPEN_ENTRIES or not 1 <= len(encoded) <= NAME_BYTES:
            raise ValueError(
                f"figure {key!r} of {name!r}: at most {OPEN_ENTRIES} names of 1 to {NAME_BYTES} characters"
            )
        entry = 8 * (at + number * _ENTRY)
        self.shared.octets[entry : entry + NAME_BYTES] = encoded.ljust(NAME_BYTES, b"\0")
        return number

    def text(self, name: str) -> str:
        """A text, empty while nobody has set it."""
        at, count = self._place(name)
        return bytes(self.shared.octets[8 * at : 8 * (at + count)]).rstrip(b"\0").decode("utf-8", "replace")

    def set_text(self, name: str, value: str) -> None:
        """Set a text; what does not fit is cut off."""
        at, count = self._place(name)
        self.shared.octets[8 * at : 8 * (at + count)] = value.encode()[: 8 * count].ljust(8 * count, b"\0")

    @property
    def reference(self) -> Words:
        """The clock's reference: the supervisor measures it (`clock.publish`), the trader's follows (`follow`)."""
        return self._words[1 : 1 + clock.REFERENCE]

    @property
    def ticks_per_second(self) -> int:
        """Of the histograms' ticks."""
        return self._words[TICKS_PER_SECOND]

    @ticks_per_second.setter
    def ticks_per_second(self, value: int) -> None:
        self._words[TICKS_PER_SECOND] = value

    @property
    def shown(self) -> int:
        """How many instruments have a block: the first so many."""
        return min(self._words[SHOWN], self.layout.instruments)

    def head(self) -> Words:
        """The head (`SHOWN`)."""
        return self._words[:HEAD_WORDS]

    def symbol(self, index: int) -> str:
        """The symbol of an instrument; `#index` while its block is empty."""
        if not 0 <= index < self.shown:
            return f"#{index}"
        at = 8 * (self._place("instruments")[0] + index * STRIDE)
        return bytes(self.shared.octets[at : at + 8]).decode("ascii", "replace").rstrip(" \0") or f"#{index}"

    def editions(self) -> list[int]:
        """The editions of all books, by index."""
        return self.words("instruments")[EDITION : self.shown * STRIDE : STRIDE].tolist()

    def block(self, index: int) -> list[int] | None:
        """An instrument's block as of one moment; None while it is being written."""
        words = self.words("instruments")
        start = index * STRIDE
        before = acquire(words, start + EDITION)
        block = words[start : start + STRIDE].tolist()
        return block if before % 2 == 0 and acquire(words, start + EDITION) == before else None

    def column(self, name: str) -> list[int]:
        """One figure of every instrument, by index."""
        start = INSTRUMENT.index(name)
        return self.words("instruments")[start : self.shown * STRIDE : STRIDE].tolist()

    def close(self) -> None:
        """Release this process's view."""
        self.shared.close()

    def _entries(self, name: str) -> list[tuple[str, int]]:
        at, count = self._place(name)
        octets = self.shared.octets
        found = []
        for entry in range(at, at + count, _ENTRY):
            key = bytes(octets[8 * entry : 8 * entry + NAME_BYTES]).rstrip(b"\0")
            if not key:
                break
            found.append((key.decode("ascii", "replace"), self._words[entry + _ENTRY - 1]))
        return found

    def _place(self, name: str) -> tuple[int, int]:
        if name not in self._places:
            raise KeyError(f"there are no figures named {name!r}; there are {', '.join(self._places)}")
        return self._places[name]
