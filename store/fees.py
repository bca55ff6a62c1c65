"""What a venue takes for an execution, by its liquidity flag: a table in TOML (`fees.toml`), integers from there on."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from store.errors import StoreError

DEFAULT: Final = Path(__file__).with_name("fees.toml")
MICRO: Final = 1_000_000
"""Rates are kept in 1/1,000,000 dollar a share."""
_MOST: Final = Decimal(1)
_MICRO_IN_PRICE4: Final = 100


@dataclass(frozen=True)
class Fees:
    """Rates in 1/1,000,000 dollar a share: by liquidity flag, and of all other flags."""

    rates: Mapping[str, int]
    other: int

    def of(self, liquidity: str, shares: int) -> int:
        """The fee of an execution as price4 times shares (1/10,000 dollar), negative for a rebate.

        Rounded half away from zero, once for each execution, as a venue does that bills executions.
        """
        micro = self.rates.get(liquidity, self.other) * shares
        whole, rest = divmod(abs(micro), _MICRO_IN_PRICE4)
        rounded = whole + (2 * rest >= _MICRO_IN_PRICE4)
        return rounded if micro >= 0 else -rounded


def read(path: Path = DEFAULT) -> Fees:
    """Read a table of fees; StoreError names file, key and value."""
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}: give another --fees") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} is no TOML: {error}") from error
    unknown = sorted(set(table) - {"other", "flags"})
    if unknown:
        raise StoreError(f"{path}: {unknown[0]} is no key: there are `other` and the table `flags`")
    flags = table.get("flags", {})
    if not isinstance(flags, dict):
        raise StoreError(f"{path}: flags must be a table, not {flags!r}")
    for flag in flags:
        if len(flag) != 1:
            raise StoreError(f"{path}: flags.{flag}: a liquidity flag is one character")
    rates = {flag: _rate(path, f"flags.{flag}", value) for flag, value in flags.items()}
    return Fees(rates, _rate(path, "other", table.get("other", "0")))


def _rate(path: Path, key: str, value: Any) -> int:
    """Dollars a share as text, because a binary fraction would not be the number that was written."""
    wanted = f'{path}: {key} must be dollars a share as text with at most 6 decimals, like "0.0030", not {value!r}'
    if not isinstance(value, str):
        raise StoreError(wanted)
    try:
        rate = Decimal(value)
    except InvalidOperation:
        raise StoreError(wanted) from None
    if not rate.is_finite() or abs(rate) > _MOST or rate * MICRO != int(rate * MICRO):
        raise StoreError(wanted)
    return int(rate * MICRO)
