"""Amounts, ratios and times as text. Amounts are in half price units, 1/20,000 dollar; what is undefined is a dash."""

from datetime import UTC, datetime
from typing import Final

NONE: Final = "–"
_CENT: Final = 200
_TIMES: Final = (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1))


def dollars(amount: int | None, *, signed: bool = False) -> str:
    """`−$1,234.56`, rounded to the cent."""
    if amount is None:
        return NONE
    cents = (abs(amount) + _CENT // 2) // _CENT
    sign = "" if not cents else "−" if amount < 0 else "+" if signed else ""
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def compact(amount: int) -> str:
    """For headlines: to the cent below a million dollars, then `$18.71 m`."""
    for size, unit in ((10**9, "bn"), (10**6, "m")):
        if abs(amount) >= size * 20_000:
            return f"{'−' if amount < 0 else ''}${abs(amount) / (size * 20_000):,.2f} {unit}"
    return dollars(amount)


def short_dollars(amount: float) -> str:
    """For axes: `$1.5k`, `−$20`, `$0.05`."""
    value = abs(amount) / 20_000
    sign = "−" if amount < 0 else ""
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{sign}${value / size:.4g}{unit}"
    return f"{sign}${value:.2f}" if 0 < value < 10 and value != int(value) else f"{sign}${value:,.0f}"


def bps(value: float | None, *, signed: bool = True) -> str:
    """Basis points with two digits."""
    if value is None:
        return NONE
    text = f"{abs(value):,.2f}"
    sign = "" if float(text.replace(",", "")) == 0 else "−" if value < 0 else "+" if signed else ""
    return f"{sign}{text}"


def percent(value: float | None) -> str:
    """A ratio as per cent."""
    return NONE if value is None else f"{100 * value:.1f} %"


def count(value: int | None) -> str:
    """An integer with thousands."""
    return NONE if value is None else f"{value:,}".replace("-", "−")


def duration(value: float | None) -> str:
    """Nanoseconds in the unit that suits them, three digits, or all before the point: `1.25 ms`, `23,400 s`."""
    if value is None:
        return NONE
    for unit, size in _TIMES:
        if abs(value) >= size or size == 1:
            scaled = value / size
            return f"{scaled:,.0f} {unit}" if abs(scaled) >= 999.5 else f"{scaled:.3g} {unit}"
    raise AssertionError(value)


def clock(value: int | None) -> str:
    """A time in ns UTC: `2026-11-26 05:24:15`."""
    return NONE if value is None else datetime.fromtimestamp(value // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
