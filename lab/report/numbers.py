"""Figures as text; what is not there is a dash."""

import math
from typing import Any, Final

NONE: Final = "–"
_DIGITS: Final = 4
_SHARE_DIGITS: Final = 6
_SIZES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def figure(value: float | None, unit: str = "") -> str:
    """A value: whole numbers as they are, others with four digits; shares of time with six, where the last count."""
    if value is None:
        return NONE
    size = abs(value)
    if float(value).is_integer():
        text = f"{size:,.0f}"
    else:
        digits = _SHARE_DIGITS if unit == "%" else _DIGITS
        places = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{size:,.{places}f}" if places <= 2 * digits else f"{size:.{digits}g}"
        text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return f"−{text}" if value < 0 else text


def change(value: float | None, unit: str = "") -> str:
    """A difference: with its sign, also that of a gain."""
    text = figure(value, unit)
    return f"+{text}" if value is not None and value > 0 else text


def percent(value: float | None) -> str:
    """A change in percent with three digits and its sign; many times as much is said as that."""
    if value is None:
        return NONE
    if value >= 1000:
        return f"×{figure(float(f'{1 + value / 100:.3g}'))}"
    rounded = float(f"{value:.3g}")
    return "0 %" if not rounded else f"{'−' if value < 0 else '+'}{abs(rounded):g} %"


def span(interval: Any, unit: str = "") -> str:
    """An interval of a difference."""
    return NONE if interval is None else f"{change(interval[0], unit)} … {change(interval[1], unit)}"


def chance(value: float | None) -> str:
    """A probability."""
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def axis(value: float) -> str:
    """Short, for axes: `1.5k`, `−20`, `0.05`."""
    size = abs(value)
    text = next((f"{size / unit:.4g}{name}" for unit, name in _SIZES if size >= 10 * unit), f"{size:.6g}")
    return f"−{text}" if value < 0 else text


def with_unit(text: str, unit: str) -> str:
    """A figure and its unit."""
    return f"{text} {unit}" if unit and text != NONE else text
