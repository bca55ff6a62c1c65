"""`hftos.toml`: read, validated against the table, all mistakes reported at once."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from hftapp.config_table import KEYS, PARAMS, PARSERS, STRATEGY_KEYS, Key

ALL_SYMBOLS = "*"


class ConfigError(ValueError):
    """The configuration is wrong. `problems` has one line per mistake: key, value, allowed range."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(f"{source}: " + "; ".join(problems))


@dataclass(frozen=True)
class Host:
    """Section `[host]`."""

    name: str


@dataclass(frozen=True)
class Nic:
    """Section `[nic]`: the trading network."""

    port: str
    mac: str
    interface: str
    address: IPv4Interface | None
    idle: str


@dataclass(frozen=True)
class Management:
    """Section `[management]`: the network of the office."""

    mac: str
    address: IPv4Interface | None
    office: tuple[IPv4Address, int] | None


@dataclass(frozen=True)
class Cpu:
    """Section `[cpu]`: where and how the trader runs."""

    trader: int
    policy: str
    priority: int
    lock_memory: bool


@dataclass(frozen=True)
class Feed:
    """Section `[feed]`: the market data lines."""

    session: str
    a: tuple[IPv4Address, int]
    b: tuple[IPv4Address, int]
    gap_timeout_ms: int
    silence_timeout_ms: int
    hold_packets: int
    start: str


@dataclass(frozen=True)
class OrderEntry:
    """Section `[order_entry]`: the order gateway and its login."""

    host: IPv4Address
    port: int
    user: str
    password: str
    firm: str
    cancel_timeout_ms: int


@dataclass(frozen=True)
class Risk:
    """Section `[risk]`: the limits every order is held against. Shares, dollars, 1/100 %."""

    max_order_shares: int
    price_collar_bps: int
    max_position_shares: int
    max_order_notional: int
    max_open_notional: int
    max_open_orders: int
    max_orders_per_second: int


@dataclass(frozen=True)
class StrategyConfig:
    """One `[[strategy]]`: kind, symbols (`*` = every symbol, up to max_symbols), parameters of the kind."""

    kind: str
    symbols: tuple[str, ...]
    max_symbols: int
    params: Mapping[str, int]


@dataclass(frozen=True)
class Config:
    """The whole file."""

    host: Host
    nic: Nic
    management: Management
    cpu: Cpu
    feed: Feed
    order_entry: OrderEntry
    risk: Risk
    strategies: tuple[StrategyConfig, ...]


SECTIONS: dict[str, type] = {
    "host": Host,
    "nic": Nic,
    "management": Management,
    "cpu": Cpu,
    "feed": Feed,
    "order_entry": OrderEntry,
    "risk": Risk,
}


def load(path: str | Path) -> Config:
    """Read and validate a file; raises ConfigError (also for a missing file and for bad TOML)."""
    return build(read(path), source=str(path))


def read(path: str | Path) -> dict[str, Any]:
    """The document in a file, not validated; raises ConfigError for a file that cannot be read or is not TOML."""
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        where = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        raise ConfigError(str(path), [f"not UTF-8: {where}"]) from error
    return _document(text, str(path))


def parse(text: str, *, source: str = "hftos.toml") -> Config:
    """Validate the text of a configuration; raises ConfigError with every mistake."""
    return build(_document(text, source), source=source)


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [f"not TOML: {error}"]) from error
    except RecursionError as error:
        raise ConfigError(source, ["not TOML: nested too deeply"]) from error


def build(document: Mapping[str, Any], *, source: str = "hftos.toml") -> Config:
    """Validate a parsed document; raises ConfigError with every mistake."""
    problems: list[str] = []
    known = [*SECTIONS, "strategy"]
    problems += [_unknown(f"[{name}]", name, known) for name in document if name not in known]
    values: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        section = document.get(name, {})
        if not isinstance(section, Mapping):
            problems.append(f"{name} = {section!r}: must be a section [{name}]")
            continue
        keys = [key for key in KEYS if key.section == name]
        found = _section(f"{name}.", section, keys, problems)
        values[name] = kind(**found)
    strategies = _strategies(document.get("strategy", []), problems)
    if not problems:
        problems += _together(values)
    if problems:
        raise ConfigError(source, problems)
    return Config(**values, strategies=strategies)


def _unknown(shown: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(known)}"
    return f"{shown}: unknown{hint}"


def _section(prefix: str, section: Mapping[str, Any], keys: Iterable[Key], problems: list[str]) -> dict[str, Any]:
    by_name = {key.name: key for key in keys}
    problems += [_unknown(prefix + name, name, by_name) for name in section if name not in by_name]
    return {key.name: _value(prefix, section, key, problems) for key in by_name.values()}


def _value(prefix: str, section: Mapping[str, Any], key: Key, problems: list[str]) -> object:
    given = section.get(key.name, key.default)
    if given is None:
        problems.append(f"{prefix}{key.name}: missing; must be {key.allowed()}")
        return None
    try:
        return PARSERS[key.kind](key, given)
    except ValueError:
        problems.append(f"{prefix}{key.name} = {given!r}: must be {key.allowed()}")
        return None


def _strategies(given: object, problems: list[str]) -> tuple[StrategyConfig, ...]:
    if not isinstance(given, list) or not all(isinstance(entry, Mapping) for entry in given):
        problems.append("strategy: must be a list of sections [[strategy]]")
        return ()
    return tuple(_strategy(f"strategy[{number}].", entry, problems) for number, entry in enumerate(given))


def _strategy(prefix: str, entry: Mapping[str, Any], problems: list[str]) -> StrategyConfig:
    plain = {name: value for name, value in entry.items() if name not in ("symbols", "params")}
    found = _section(prefix, plain, STRATEGY_KEYS, problems)
    symbols = entry.get("symbols", [ALL_SYMBOLS])
    if not isinstance(symbols, list) or not symbols or not all(_is_symbol(symbol) for symbol in symbols):
        problems.append(f'{prefix}symbols = {symbols!r}: must be a list of symbols of 1 to 8 characters, or ["*"]')
        symbols = [ALL_SYMBOLS]
    params = entry.get("params", {})
    if not isinstance(params, Mapping):
        problems.append(f"{prefix}params = {params!r}: must be a table")
        params = {}
    checked = _section(f"{prefix}params.", params, PARAMS.get(found["kind"], ()), problems) if found["kind"] else {}
    return StrategyConfig(found["kind"], tuple(symbols), found["max_symbols"], checked)


def _is_symbol(symbol: object) -> bool:
    return isinstance(symbol, str) and 1 <= len(symbol) <= 8 and symbol.isascii() and symbol == symbol.strip()


def _together(values: Mapping[str, Any]) -> list[str]:
    """Rules over more than one key."""
    nic: Nic = values["nic"]
    problems = []
    if nic.port == "af_packet" and not nic.mac and not nic.interface:
        problems.append('nic.mac = "": port "af_packet" needs nic.mac or nic.interface')
    if nic.port != "memory" and nic.address is None:
        problems.append(f'nic.address = "": port "{nic.port}" needs {_allowed("nic", "address")}')
    if nic.port != "socket" and nic.idle != "spin":
        problems.append(f'nic.idle = "{nic.idle}": port "{nic.port}" allows only "spin"')
    if values["management"].mac and values["management"].address is None:
        problems.append(f'management.address = "": with management.mac it must be {_allowed("management", "address")}')
    return problems


def _allowed(section: str, name: str) -> str:
    return next(key.allowed() for key in KEYS if (key.section, key.name) == (section, name))
