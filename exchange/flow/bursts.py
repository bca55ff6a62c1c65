"""When the next action is, and in which symbol: a self-exciting (Hawkes) process over all symbols together.

Ogata's thinning (On Lewis' simulation method for point processes, 1981) on the intensity of the whole market: base,
news, children of recent events. Which part of the intensity an accepted draw falls into says whose action it is, so
an action costs the same for ten symbols and for ten thousand.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchange.flow.alias import AliasTable
from exchange.flow.excitation import Excitation
from exchange.flow.patterns import CLOSE_SECOND, OPEN_SECOND, Pattern, day_shape
from exchange.flow.random64 import Random64

# More events than there are in the 20 decay times after which a mark is next to nothing, at 100,000 a second.
_WINDOW = 2048
_NEWS_WINDOW = 256
_NEVER = 1e18


class Bursts:
    """Draws actions at ``rate`` a second (over the day, if the pattern is shaped) for symbols of given weights.

    After `advance`: ``time`` (seconds since the start), ``item`` (the symbol's index), and ``news``, which says that
    this is no action but a price jump.
    """

    def __init__(self, weights: Sequence[float], rate: float, pattern: Pattern, rng: Random64) -> None:
        if not 0 <= pattern.branching < 1:
            raise ValueError(f"branching ratio {pattern.branching}: give own + market below 1, or bursts never end")
        self.time = 0.0
        self.item = 0
        self.news = False
        self._rng = rng
        self._table = AliasTable(weights)
        self._weights = [weight / sum(weights) for weight in weights]
        self._pattern = pattern
        self._base = rate * (1.0 - pattern.branching)
        self._births = pattern.branching * pattern.decay
        self._own = pattern.own / pattern.branching if pattern.branching else 0.0
        self._news_rate = pattern.news * len(weights) / (CLOSE_SECOND - OPEN_SECOND)
        self._recent = Excitation(pattern.decay, _WINDOW)
        self._boosted = Excitation(pattern.calm, _NEWS_WINDOW)
        self._started = 0.0
        self._season = 1.0
        self._edge = _NEVER

    def start(self, second: float) -> None:
        """Begin at a second since midnight."""
        self._started = second
        if self._pattern.shaped:
            self._reshape(0.0)

    def excite(self, item: int) -> None:
        """Boost a symbol from the last action on: news, or trading that opens again after a halt."""
        self._boosted.add(self.time, self._pattern.boost * self._base * self._weights[item], item)

    def advance(self) -> None:
        """Draw the next action."""
        rng = self._rng
        time = self.time
        while True:
            base = self._base * self._season
            bound = base + self._news_rate + self._births * self._recent.at(time) + self._boosted.at(time)
            time += rng.exponential() / bound
            if time >= self._edge:
                # The process has no memory beyond its marks: it may begin anew where the season changes.
                time = self._edge
                self._reshape(time)
                continue
            if self._belongs(time, rng.random() * bound, base):
                break
        self.time = time
        if self.news:
            self.excite(self.item)
        else:
            self._recent.add(time, 1.0, self.item)

    def _belongs(self, time: float, draw: float, base: float) -> bool:
        """Whose action the draw is; False when it falls beyond the intensity at ``time``."""
        rng = self._rng
        self.news = False
        if draw < base:
            self.item = self._table.pick(rng)
            return True
        draw -= base
        if draw < self._news_rate:
            self.news = True
            self.item = rng.below(len(self._weights))
            return True
        draw -= self._news_rate
        children = self._births * self._recent.at(time)
        if draw < children:
            own = rng.random() < self._own
            self.item = self._recent.draw(rng) if own else self._table.pick(rng)
            return True
        if draw - children < self._boosted.at(time):
            self.item = self._boosted.draw(rng)
            return True
        return False

    def _reshape(self, time: float) -> None:
        second = int(self._started + time + 1e-6)
        self._season = day_shape(second)
        self._edge = second + 1 - self._started
