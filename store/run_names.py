"""What the numbers in a run's files stand for, as each run of the server said it itself: names, ticks of its clock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.management import Hello, Stats
from store.errors import StoreError
from store.segments import Segment


@dataclass(frozen=True)
class Names:
    """What numbers stand for: strategies, venues' MoldUDP64 sessions in their order, ticks of the trader's clock."""

    strategies: Mapping[int, str]
    sessions: tuple[str, ...]
    ticks_per_second: int

    def strategy(self, number: int) -> str:
        """`NUMBER:KIND` as in the report, the number alone when no name came."""
        return self.strategies.get(number, str(number))

    def nanoseconds(self, ticks: int) -> int:
        """A duration in ns, to the nearest; 0 while nothing is known of the clock."""
        rate = self.ticks_per_second
        return (2 * ticks * 1_000_000_000 + rate) // (2 * rate) if rate else 0


@dataclass(frozen=True)
class Words:
    """The last greeting and the last figures of a server's run; None and empty when none came."""

    hello: Hello | None = None
    stats: Mapping[str, Any] | None = None

    def names(self) -> Names:
        """What they say about numbers."""
        stats = self.stats or {}
        strategies = {}
        for label in stats.get("strategies", {}):
            number, colon, _ = label.partition(":")
            if colon and number.isdecimal():
                strategies[int(number)] = label
        feeds = stats.get("venues") or {"": stats.get("feed", {})}
        sessions = tuple(str(feed.get("session", "")) for feed in feeds.values())
        return Names(strategies, sessions, self.hello.ticks_per_second if self.hello else 0)


def of_live(segments: tuple[Segment, ...]) -> dict[int, Words]:
    """The last words of each run of the server, by its session, in the order of the files. StoreError."""
    found = {}
    for segment in segments:
        hello: Hello | None = None
        body = b""
        for frame in segment.frames():
            if isinstance(frame.message, Hello):
                hello = frame.message
            elif isinstance(frame.message, Stats):
                body = frame.message.body
        found[segment.of] = Words(hello, _stats(body))
    return found


def last_of(live: Mapping[int, Words]) -> Words:
    """The words of the last run that left figures; without any, of the last one that greeted."""
    runs = [*live.values()][::-1]
    return next((words for words in runs if words.stats), next((words for words in runs if words.hello), Words()))


def of_journals(segments: tuple[Segment, ...], live: Mapping[int, Words]) -> dict[int, Words]:
    """The words that go with each journal, by its base: those of the run that wrote it, as its greeting says.

    A journal whose run left no live stream has those of the last run: it is the same server. StoreError.
    """
    last = last_of(live)
    found = {}
    for segment in segments:
        greetings = (frame.message for frame in segment.frames())
        hello = next((message for message in greetings if isinstance(message, Hello)), None)
        own = live.get(hello.session) if hello else None
        words = own or last
        found[segment.base] = Words((own.hello if own else None) or hello or last.hello, words.stats)
    return found


def only_host(words: list[Words]) -> None:
    """StoreError when several servers greeted: positions, venues and UserRefNums of one are not those of another."""
    hosts = sorted({one.hello.host for one in words if one.hello})
    if len(hosts) > 1:
        raise StoreError(
            f"the files are of several servers ({', '.join(hosts)}), and a run in the store is of one: put the folders "
            "SESSION and JOURNAL of each server into a folder of its own, and load each"
        )


def _stats(body: bytes) -> dict[str, Any]:
    try:
        stats = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        stats = {}
    return stats if isinstance(stats, dict) else {}
