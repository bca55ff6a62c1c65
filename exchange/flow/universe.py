"""As many symbols as a real day has, made from a seed: tickers, prices, and how active each of them is.

A symbol's place in the list is its rank in activity: the default dozen of the directory comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from exchange.directory import DEFAULT_PRICES, MAX_LOCATE
from exchange.flow.random64 import Random64

# Regulation NMS Rule 612: quotes from $1 are in whole cents, below that in 1/10,000 dollar.
TICK = 100
SMALL_TICK = 1
ONE_DOLLAR = 10_000

# Activity of rank r (from 0) is (r + 1 + OFFSET) ** -EXPONENT, the Zipf-Mandelbrot law. Set for two targets that are
# not measured here: the top 1 % of 9,000 symbols have a third to half of the messages, and none has more than a few
# per cent. A pure power law (OFFSET 0) that meets the first gives the top symbol about 6 % and misses the second.
CALIBRATION: tuple[tuple[str, float, str], ...] = (
    ("EXPONENT", 1.1, "the top 1 % of 9,000 symbols carry 41 % of the messages"),
    ("OFFSET", 10.0, "the most active symbol carries 1.8 %"),
)
_EXPONENT, _OFFSET = (value for _, value, _ in CALIBRATION)


@dataclass(frozen=True)
class Tier:
    """Symbols up to rank ``below``: their spread in 1/10,000 of the price, and orders the house keeps in a book."""

    below: int
    spread: float
    orders: int


# Spreads widen and books thin out as activity falls (assumed figures); a tick is the least there is.
TIERS = (Tier(90, 2.0, 80), Tier(900, 6.0, 40), Tier(4500, 20.0, 30), Tier(MAX_LOCATE, 60.0, 20))

# Share of tickers by length, from 1 letter to 5, assumed: mostly 4 letters on Nasdaq, 1 to 3 on NYSE and its sisters.
_LENGTHS = (0.002, 0.03, 0.35, 0.568, 0.05)
_TYPICAL_PRICE = 280_000
_PRICE_SPREAD = 1.2
MIN_PRICE, MAX_PRICE = 10_000, 50_000_000


@dataclass(frozen=True)
class Symbol:
    """A ticker and its reference price (price4)."""

    symbol: str
    price: int


@dataclass(frozen=True)
class Traits:
    """How a symbol trades: weight among all, tick (price4), half the spread (ticks), orders the house keeps."""

    weight: float
    tick: int
    half_spread: int
    orders: int


def traits(rank: int, price: int) -> Traits:
    """The traits of the symbol of a rank (0 = most active) at a price (price4)."""
    tier = next((tier for tier in TIERS if rank < tier.below), TIERS[len(TIERS) - 1])
    tick = TICK if price >= ONE_DOLLAR else SMALL_TICK
    half_spread = max(1, round(price * tier.spread / 10_000 / 2 / tick))
    return Traits((rank + 1 + _OFFSET) ** -_EXPONENT, tick, half_spread, tier.orders)


def universe(n: int, seed: int) -> list[Symbol]:
    """``n`` different symbols in order of activity. ValueError: n is outside of what ITCH locates can number."""
    if not 1 <= n <= MAX_LOCATE:
        raise ValueError(f"{n} symbols: give 1 to {MAX_LOCATE}, as ITCH stock locates are 16 bits wide")
    rng = Random64(seed)
    known = [Symbol(symbol, price) for symbol, price in DEFAULT_PRICES.items()][:n]
    taken = set(DEFAULT_PRICES)
    while len(known) < n:
        symbol = _ticker(rng)
        price = _price(rng)
        if symbol not in taken:
            taken.add(symbol)
            known.append(Symbol(symbol, price))
    return known


def _ticker(rng: Random64) -> str:
    draw, length = rng.random(), 1
    for share in _LENGTHS[: len(_LENGTHS) - 1]:
        if draw < share:
            break
        draw -= share
        length += 1
    return "".join(chr(ord("A") + rng.below(26)) for _ in range(length))


def _price(rng: Random64) -> int:
    """Log-normal around $28, in whole cents; a sum of twelve uniforms stands for the normal variate."""
    normal = sum(rng.random() for _ in range(12)) - 6.0
    cents = int(_TYPICAL_PRICE * exp(_PRICE_SPREAD * normal)) // TICK * TICK
    return max(MIN_PRICE, min(MAX_PRICE, cents))
