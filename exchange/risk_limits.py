"""Risk limits of firms and ports, as an operator sets them in a TOML file. All are off unless they are set.

```toml
[firm.HFTX]                 # shared by all its ports, on all venues
aggregate_exposure = 50_000_000
[port.HFT1]                 # one login
port_rate = 1000
port_burst = 100
[adv]                       # average daily volume, for max_adv_percent
AAPL = 40_000_000
```

Amounts are whole dollars, quantities whole shares. What each limit does and the code it rejects with is in `LIMITS`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from exchange.login import Login
from exchange.orders import Party
from exchange.self_match import OFF, PORT_DEFAULT, STRATEGIES

MOST = 10**15


class LimitsError(ValueError):
    """A limits file that cannot be used; the text names the file, the key, the value and what is allowed."""


@dataclass(frozen=True)
class LimitSet:
    """The limits of one firm or port; 0, False and empty mean off. `LIMITS` says what each is."""

    collar_percent: int = 0
    max_shares: int = 0
    max_notional: int = 0
    aggregate_exposure: int = 0
    market_impact_percent: int = 0
    restricted_stocks: tuple[str, ...] = ()
    short_sale_restricted: tuple[str, ...] = ()
    no_sweeps: bool = False
    max_adv_percent: int = 0
    fat_finger_percent: int = 0
    locate_required: bool = False
    symbol_rate: int = 0
    port_rate: int = 0
    port_burst: int = 0
    duplicate_rate: int = 0
    no_short_sale: bool = False
    no_market_orders: bool = False
    no_pre_market: bool = False
    no_post_market: bool = False
    no_short_exempt: bool = False
    single_order_notional: int = 0
    max_quantity: int = 0
    no_ipo_market_buy: bool = False
    # Not limits, but settings of the firm or the port.
    aiq: str = PORT_DEFAULT
    aiq_group: str = ""
    organisation: str = ""
    affiliate: str = ""

    def sets_limits(self) -> bool:
        """Whether anything is limited."""
        return any(getattr(self, row.name) for row in LIMITS)


@dataclass(frozen=True)
class Limit:
    """One row: key, OUCH 5.0 reject code (§5.4), highest value (0: not a number), and what is refused."""

    name: str
    code: int
    highest: int
    what: str


# In the order in which they are looked at. The codes up to 0x001F are the venue's own protection, from 0x0020 on the
# firm's risk management; so some look at the same thing twice, with bounds of their own.
LIMITS: tuple[Limit, ...] = (
    Limit("collar_percent", 0x0006, 10_000, "limit price beyond the last close by more than this"),
    Limit("max_shares", 0x001E, MOST, "shares of one order, as the venue sets them"),
    Limit("max_notional", 0x001F, MOST, "dollars of one order, as the venue sets them"),
    Limit("aggregate_exposure", 0x0020, MOST, "dollars of all open orders and of the day's executions"),
    Limit("market_impact_percent", 0x0021, 10_000, "an order that would take displayed levels this far from the first"),
    Limit("restricted_stocks", 0x0022, 0, "symbols that may not be traded"),
    Limit("short_sale_restricted", 0x0023, 0, "symbols that may not be sold short"),
    Limit("no_sweeps", 0x0024, 0, "intermarket sweep orders"),
    Limit("max_adv_percent", 0x0025, 10_000, "shares of one order in percent of the average daily volume"),
    Limit("fat_finger_percent", 0x0026, 10_000, "limit price beyond the opposite touch by more than this"),
    Limit("locate_required", 0x0027, 0, "short sales without shares located (tag 25)"),
    Limit("symbol_rate", 0x0028, 1_000_000, "enter and replace requests a second for one symbol"),
    Limit("port_rate", 0x0029, 1_000_000, "enter and replace requests a second; at once: port_burst, else as many"),
    Limit("duplicate_rate", 0x002A, 1_000_000, "requests a second with the same symbol, side, shares and price"),
    Limit("no_short_sale", 0x002B, 0, "short sales"),
    Limit("no_market_orders", 0x002C, 0, "market orders (they exist for crosses only)"),
    Limit("no_pre_market", 0x002D, 0, "requests before market hours"),
    Limit("no_post_market", 0x002E, 0, "requests after market hours"),
    Limit("no_short_exempt", 0x002F, 0, "exempt short sales"),
    Limit("single_order_notional", 0x0030, MOST, "dollars of one order, as the firm sets them"),
    Limit("max_quantity", 0x0031, MOST, "shares of one order, as the firm sets them"),
    Limit("no_ipo_market_buy", 0x0033, 0, "market orders to buy in a halt or IPO cross"),
)
_HIGHEST = {row.name: row.highest for row in LIMITS} | {"port_burst": 1_000_000}
_TEXTS = {"aiq_group": 2, "organisation": 4, "affiliate": 4}


@dataclass
class Limits:
    """The limits of all firms and ports, and the average daily volumes; ``used`` by firm is `risk_checks`' business."""

    firms: dict[str, LimitSet] = field(default_factory=dict)
    ports: dict[str, LimitSet] = field(default_factory=dict)
    volumes: dict[str, int] = field(default_factory=dict)
    used: dict[str, Any] = field(default_factory=dict)

    def party(self, login: Login) -> Party:
        """Whom a login's orders belong to, for self-match prevention. A firm that names no organisation or affiliate
        is one of its own."""
        settings = self.firms.get(login.firm, LimitSet())
        own = _number(login.firm)
        return Party(own, _number(settings.organisation) or own, _number(settings.affiliate) or own)

    def self_match(self, login: Login) -> tuple[int, int]:
        """The port's default self-match prevention, else the firm's: strategy code and group."""
        port, firm = self.ports.get(login.user, LimitSet()), self.firms.get(login.firm, LimitSet())
        strategy = firm.aiq if port.aiq == PORT_DEFAULT else port.aiq
        return aiq_code(strategy), aiq_group_number(port.aiq_group or firm.aiq_group)


def aiq_code(strategy: str) -> int:
    """A strategy as the engine knows it: its code, 0 for none."""
    return 0 if strategy in (OFF, PORT_DEFAULT) else ord(strategy)


def aiq_group_number(group: str) -> int:
    """A group (at most 2 characters) as the engine knows it; 0 for none."""
    return int.from_bytes(group.encode(), "big")


def read_limits(path: Path) -> Limits:
    """Read a limits file; LimitsError says what is wrong with it."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LimitsError(f"cannot read --limits {path}: {error.strerror}; give a readable file") from error
    except ValueError as error:
        raise LimitsError(f"--limits {path} is not TOML: {error}") from error
    unknown = tables.keys() - {"firm", "port", "adv"}
    if unknown:
        raise LimitsError(f"--limits {path}: unknown table [{min(unknown)}]; give [firm.NAME], [port.USER] or [adv]")
    volumes = tables.get("adv", {})
    if not isinstance(volumes, dict):
        raise LimitsError(f"--limits {path}: adv must be a table of symbols, not {volumes!r}")
    for symbol, volume in volumes.items():
        _check_number(f"--limits {path}: adv.{symbol}", volume, MOST)
    return Limits(
        _sets(path, "firm", tables.get("firm", {}), 4), _sets(path, "port", tables.get("port", {}), 6), volumes
    )


def _sets(path: Path, kind: str, tables: Any, longest: int) -> dict[str, LimitSet]:
    if not isinstance(tables, dict):
        raise LimitsError(f"--limits {path}: {kind} must be tables like [{kind}.NAME], not {tables!r}")
    for name, table in tables.items():
        if len(name) > longest or not isinstance(table, dict):
            raise LimitsError(
                f"--limits {path}: {kind}.{name} must be a table whose name has at most {longest} characters"
            )
    return {name: _set(f"--limits {path}: {kind}.{name}", table) for name, table in tables.items()}


def _set(where: str, table: dict[str, Any]) -> LimitSet:
    known = {each.name: each.default for each in fields(LimitSet)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise LimitsError(f"{where}.{key} is unknown; give one of {', '.join(sorted(known))}")
        values[key] = _value(f"{where}.{key}", key, value, known[key])
    return LimitSet(**values)


def _value(where: str, key: str, value: Any, default: Any) -> Any:
    if key == "aiq":
        if value not in (OFF, *STRATEGIES):
            raise LimitsError(f"{where} = {value!r} is no strategy; give N or one of {''.join(STRATEGIES)}")
        return value
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise LimitsError(f"{where} = {value!r} must be true or false")
        return value
    if isinstance(default, tuple):
        return _symbols(where, value)
    if isinstance(default, str):
        longest = _TEXTS[key]
        if not isinstance(value, str) or not value.isascii() or len(value) > longest:
            raise LimitsError(f"{where} = {value!r} must be text of at most {longest} ASCII characters")
        return value
    return _check_number(where, value, _HIGHEST[key])


def _symbols(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(symbol, str) for symbol in value):
        raise LimitsError(f'{where} = {value!r} must be a list of symbols, like ["AAPL"]')
    return tuple(value)


def _check_number(where: str, value: Any, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        raise LimitsError(f"{where} = {value!r} must be a whole number from 1 to {highest}")
    return value


def _number(text: str) -> int:
    """A number for up to 4 ASCII characters, 0 for none."""
    return int.from_bytes(text.encode(), "big")
