"""What the office is shown of the trader's figures as they change: books and positions, histograms, counters.

All of it is read from the figures in memory and made into messages on the supervisor's CPU. What the office does not
get in time it need not get: the next message of the same name stands for all before it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from hftapp import cpu, figures
from hftapp.figures import Figures
from hftapp.histogram import lower
from hftapp.trader.figures_table import STRATEGIES, VENUES
from hftapp.trader.risk.checks import NAMES as CHECKS
from hftapp.trader.stages import NAMES as STAGES
from hftapp.trader.stats import SENT_KINDS
from protocols.management import ALL_VENUES, BUCKET, LEVEL, Counters, Latency, ManagementMessage, Position, TopOfBook

PERIOD_NS: Final = 20_000_000
"""Books and positions are looked at so often at most."""
SHARE: Final = 20
"""One part in so many of the supervisor's time goes into looking, however many instruments there are."""
BATCH: Final = 64
"""Instruments told of at a time, so that the journal is not kept waiting."""
_NAMELESS: Final = "#"
_HELD: Final = ("position", "exposed_buy", "exposed_sell", "open_notional")


class Gauges:
    """Changed books and positions since the last look, and everything that is counted. `number`: the trader's CPU."""

    def __init__(self, shown: Figures, number: int | None) -> None:
        self._figures = shown
        self._cpu = number
        self._books: list[tuple[int, int]] = []
        self._held: list[tuple[int, ...]] = []
        self._waiting: dict[int, None] = {}
        self._holding: dict[int, None] = {}
        self._next = 0

    def changes(self, now: int, clock: Callable[[], int]) -> Iterator[ManagementMessage]:
        """Books and positions that have changed, a batch; `now`: monotonic ns, by `clock`."""
        if not self._waiting and not self._holding:
            if now < self._next:
                return
            self._look()
            self._next = now + max(PERIOD_NS, SHARE * (clock() - now))
        yield from self._told()

    def rest(self) -> Iterator[ManagementMessage]:
        """All that has changed, when nothing changes any more; but for what a trader was killed over while it wrote."""
        self._look()
        for waiting, told in ((self._holding, self.position), (self._waiting, self.book)):
            for index in list(waiting):
                message = told(index)
                if message is not None:
                    del waiting[index]
                    yield message

    def _told(self) -> Iterator[ManagementMessage]:
        for waiting, told in ((self._holding, self.position), (self._waiting, self.book)):
            for index in _some(waiting):
                message = told(index)
                if message is None:
                    waiting[index] = None  # it was being written: next time
                else:
                    yield message

    def book(self, index: int) -> TopOfBook | None:
        """A book as of one moment; None while the trader writes it, and for one without a symbol yet."""
        shown = self._figures
        block, symbol = shown.block(index), shown.symbol(index)
        if block is None or symbol.startswith(_NAMELESS):
            return None
        words = dict(zip(figures.INSTRUMENT, block, strict=False))
        middle = figures.DEPTH + 2 * figures.LEVELS
        bids, asks = _levels(block[figures.DEPTH : middle]), _levels(block[middle : figures.STRIDE])
        return TopOfBook(
            venue=ALL_VENUES if shown.text("venue.1") else 0,
            symbol=symbol,
            bid=words["bid"],
            bid_shares=words["bid_shares"],
            ask=words["ask"],
            ask_shares=words["ask_shares"],
            last=words["last"],
            updates=words["updates"],
            bids=len(bids),
            asks=len(asks),
            body=b"".join(LEVEL.pack(*level) for level in (*bids, *asks)),
        )

    def position(self, index: int) -> Position | None:
        """What is held of an instrument; None for one without a symbol yet."""
        symbol = self._figures.symbol(index)
        if symbol.startswith(_NAMELESS):
            return None
        shares, exposed_buy, exposed_sell, open_notional = self._held[index]
        return Position(
            symbol=symbol,
            shares=shares,
            exposed_buy=exposed_buy,
            exposed_sell=exposed_sell,
            open_notional=open_notional,
        )

    def counted(self, more: Mapping[str, Mapping[str, int]]) -> Iterator[ManagementMessage]:
        """Every histogram and every group of counters; `more` groups are the caller's."""
        shown = self._figures
        names = ["tick_to_trade", *(f"stages.{name}" for name in STAGES)]
        names += [f"strategy.{number}" for number in range(STRATEGIES) if shown.text(f"kind.{number}")]
        for name in names:
            yield self._latency(name)
        yield Counters.of("orders", shown.counters("orders"))
        yield Counters.of("risk", dict(zip(CHECKS, shown.words("risk").tolist(), strict=False)))
        yield Counters.of("loop", shown.counters("loop"))
        yield Counters.of("nic", shown.counters("nic"))
        for venue in range(VENUES):
            if venue and not shown.text(f"venue.{venue}"):
                continue
            yield Counters.of(f"feed.{venue}", shown.counters(f"feed.{venue}") | shown.counters(f"state.{venue}"))
            sent = shown.words(f"sent.{venue}").tolist()
            yield Counters.of(f"sent.{venue}", {name: sent[ord(kind.TYPE)] for name, kind in SENT_KINDS.items()})
        if self._cpu is not None:
            yield Counters.of("interrupts", cpu.read_interrupts(self._cpu))
            yield Counters.of("softirqs", read_softirqs(self._cpu))
        for group, values in more.items():
            yield Counters.of(group, values)

    def _latency(self, name: str) -> Latency:
        exported = self._figures.exported(name)
        least, greatest, counts = exported["min"], exported["max"], exported["counts"]
        assert isinstance(least, int)
        assert isinstance(greatest, int)
        assert isinstance(counts, dict)
        body = b"".join(BUCKET.pack(lower(number), count) for number, count in counts.items())
        return Latency(name=name, least=least, greatest=greatest, body=body)

    def _look(self) -> None:
        """Note what has changed since the last time."""
        shown = self._figures
        books = list(zip(shown.editions(), shown.column("last"), strict=True))
        held = list(zip(*(shown.column(name) for name in _HELD), strict=True))
        nothing = (0,) * len(_HELD)
        before, count = self._books, len(self._books)
        self._waiting |= {i: None for i, row in enumerate(books) if row[0] and (i >= count or row != before[i])}
        old = self._held + [nothing] * (len(held) - len(self._held))
        self._holding |= {i: None for i, row in enumerate(held) if row != old[i]}
        self._books, self._held = books, held


def read_softirqs(number: int, path: str = "/proc/softirqs") -> dict[str, int]:
    """Softirqs of one CPU by name; those with a count of 0 are left out. Empty where the file does not exist."""
    try:
        return cpu.interrupts(Path(path).read_text(encoding="ascii", errors="replace"), number)
    except OSError:
        return {}


def _levels(words: list[int]) -> list[tuple[int, int]]:
    return [(words[i], words[i + 1]) for i in range(0, len(words), 2) if words[i]]


def _some(waiting: dict[int, None]) -> list[int]:
    """Take the first few that wait."""
    taken = [index for _, index in zip(range(BATCH), waiting, strict=False)]
    for index in taken:
        del waiting[index]
    return taken
