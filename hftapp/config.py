"""`hftos.toml`: read, validated against the table, all mistakes reported at once."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

from hftapp.config_table import KEYS, PARAMS, PARSERS, STRATEGY_KEYS, VENUE_KEYS, Key, is_symbol

ALL_SYMBOLS = "*"
MAX_VENUES = 4


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
    record: bool
    self_check: str
    watchdog_seconds: int


@dataclass(frozen=True)
class Nic:
    """Section `[nic]`: the trading network."""

    port: str
    device: str
    interface: str
    mac: str
    address: IPv4Interface | None
    idle: str
    promiscuous: bool
    noiommu: bool
    rx_descriptors: int
    tx_descriptors: int
    busy_poll: bool
    capture: str
    sent: str


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
    silence: bool
    headroom_mb: int


@dataclass(frozen=True)
class Feed:
    """Section `[feed]`: the market data lines."""

    session: str
    a: tuple[IPv4Address, int]
    b: tuple[IPv4Address, int]
    gap_timeout_ms: int
    silence_timeout_ms: int
    hold_packets: int
    max_orders: int
    max_levels: int
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
    """Section `[risk]`: the limits every order is held against. Shares, dollars, 1/100 %, 1/s, µs."""

    max_order_shares: int
    max_order_notional: int
    price_collar_bps: int
    fat_finger_bps: int
    max_position_shares: int
    max_symbol_open_notional: int
    max_open_notional: int
    max_open_orders: int
    max_gross_exposure: int
    max_net_exposure: int
    max_executed_notional: int
    max_orders_per_second: int
    max_symbol_orders_per_second: int
    duplicate_window_us: int
    permitted: tuple[str, ...]
    restricted: tuple[str, ...]
    borrow: Mapping[str, int]


@dataclass(frozen=True)
class Venue:
    """One `[[venue]]`: its name, its code in operational halts (ITCH 5.0), its lines, its gateway, its fees.

    Fees are per share in 1/100,000 dollar: `taker_fee` is paid for removing liquidity, `maker_rebate` received for
    adding it; either may be negative.
    """

    name: str
    market_code: str
    feed: Feed
    order_entry: OrderEntry
    taker_fee: int
    maker_rebate: int


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
    venues: tuple[Venue, ...]
    document: Mapping[str, Any] = field(compare=False)
    """The file's content as it was read."""


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
    except ValueError as error:  # bad TOML, or an integer of more digits than the interpreter reads
        raise ConfigError(source, [f"not TOML: {error}"]) from error
    except RecursionError as error:
        raise ConfigError(source, ["not TOML: nested too deeply"]) from error


def build(document: Mapping[str, Any], *, source: str = "hftos.toml") -> Config:
    """Validate a parsed document; raises ConfigError with every mistake."""
    problems: list[str] = []
    known = [*SECTIONS, "strategy", "venue"]
    problems += [_unknown(f"[{name}]", name, known) for name in document if name not in known]
    values: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        section = document.get(name, {})
        if not isinstance(section, Mapping):
            problems.append(f"{name} = {_shown(section)}: must be a section [{name}]")
            continue
        keys = [key for key in KEYS if key.section == name]
        found = _section(f"{name}.", section, keys, problems)
        values[name] = kind(**found)
    strategies = _strategies(document.get("strategy", []), problems)
    venues = _sections("venue", document.get("venue", [{}]), VENUE_KEYS, problems)
    if not problems:
        problems += _together(values) + _venues_together(venues)
    if problems:
        raise ConfigError(source, problems)
    chosen = tuple(_venue(entry, values) for entry in venues)
    problems = _lines(venues, chosen) + _gateways(venues, chosen, values["nic"])
    if problems:
        raise ConfigError(source, problems)
    return Config(**values, strategies=strategies, venues=chosen, document=document)


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
        problems.append(f"{prefix}{key.name} = {_shown(given, key.secret)}: must be {key.allowed()}")
        return None


def _shown(value: object, secret: bool = False) -> str:
    """A value for a message, which goes to consoles and logs: secrets are not shown."""
    if secret:
        return "(secret)"
    try:
        return repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits; tables inside tables
        return f"({type(value).__name__} that is too large to show)"


def _strategies(given: object, problems: list[str]) -> tuple[StrategyConfig, ...]:
    if not isinstance(given, list) or not all(isinstance(entry, Mapping) for entry in given):
        problems.append("strategy: must be a list of sections [[strategy]]")
        return ()
    return tuple(_strategy(f"strategy[{number}].", entry, problems) for number, entry in enumerate(given))


def _sections(name: str, given: object, keys: Iterable[Key], problems: list[str]) -> list[dict[str, Any]]:
    """The values of each section `[[name]]`."""
    if not isinstance(given, list) or not given or not all(isinstance(entry, Mapping) for entry in given):
        problems.append(f"{name}: must be a list of sections [[{name}]]")
        return []
    return [_section(f"{name}[{number}].", entry, keys, problems) for number, entry in enumerate(given)]


def _venue(entry: Mapping[str, Any], values: Mapping[str, Any]) -> Venue:
    """A venue; what its section leaves out is as in `[feed]` and `[order_entry]`."""
    own = {name: value for name, value in entry.items() if value is not None and value != ""}
    feed = {name: own[name] for name in ("a", "b", "session") if name in own}
    gateway = {name: own[name] for name in ("host", "port", "user", "password") if own.get(name)}
    return Venue(
        entry["name"],
        entry["market_code"],
        replace(values["feed"], **feed),
        replace(values["order_entry"], **gateway),
        entry["taker_fee"],
        entry["maker_rebate"],
    )


def _venues_together(venues: list[dict[str, Any]]) -> list[str]:
    """Rules over all venues."""
    problems = []
    if len(venues) > MAX_VENUES:
        problems.append(f"venue: {len(venues)} sections; at most {MAX_VENUES} venues are possible")
    for name in ("name", "a", "b"):
        given = [entry[name] for entry in venues]
        if len(venues) > 1 and (None in given or len(set(given)) < len(given)):
            problems.append(f"venue: with several venues each needs its own {name}")
    return problems


def _lines(given: list[dict[str, Any]], venues: Iterable[Venue]) -> list[str]:
    """Every line has a group and port of its own, or the copies of one feed would be taken for another's."""
    problems = []
    seen: dict[tuple[IPv4Address, int], str] = {}
    for number, venue in enumerate(venues):
        for name, line in (("a", venue.feed.a), ("b", venue.feed.b)):
            key = f"venue[{number}].{name}" if given[number][name] else f"feed.{name}"
            if line in seen:
                problems.append(f'{key} = "{line[0]}:{line[1]}": must differ from {seen[line]}, which is the same line')
            else:
                seen[line] = key
    return problems


def _gateways(given: list[dict[str, Any]], venues: Iterable[Venue], nic: Nic) -> list[str]:
    """The trader's own stack knows no router: it reaches what is in its network, and not itself."""
    if nic.port == "socket" or nic.address is None:
        return []
    found: dict[str, IPv4Address] = {}
    for number, venue in enumerate(venues):
        found[f"venue[{number}].host" if given[number]["host"] else "order_entry.host"] = venue.order_entry.host
    return [
        f'{key} = "{host}": must be another address in the network of nic.address, {nic.address.network}: '
        f'port "{nic.port}" knows no router'
        for key, host in found.items()
        if host not in nic.address.network or host == nic.address.ip
    ]


def _strategy(prefix: str, entry: Mapping[str, Any], problems: list[str]) -> StrategyConfig:
    plain = {name: value for name, value in entry.items() if name not in ("symbols", "params")}
    found = _section(prefix, plain, STRATEGY_KEYS, problems)
    symbols = entry.get("symbols", [ALL_SYMBOLS])
    if not isinstance(symbols, list) or not symbols or not all(is_symbol(symbol) for symbol in symbols):
        problems.append(
            f'{prefix}symbols = {_shown(symbols)}: must be a list of symbols of 1 to 8 characters, or ["*"]'
        )
        symbols = [ALL_SYMBOLS]
    params = entry.get("params", {})
    if not isinstance(params, Mapping):
        problems.append(f"{prefix}params = {_shown(params)}: must be a table")
        params = {}
    checked = _params(f"{prefix}params.", params, found["kind"], problems)
    return StrategyConfig(found["kind"], tuple(symbols), found["max_symbols"], checked)


def _params(prefix: str, given: Mapping[str, Any], kind: str | None, problems: list[str]) -> dict[str, Any]:
    """A built-in strategy's parameters by its table; those of others are checked by their class when it is loaded."""
    if kind is None:
        return {}
    if kind in PARAMS:
        return _section(prefix, given, PARAMS[kind], problems)
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int):
            problems.append(f"{prefix}{name} = {_shown(value)}: must be an integer")
    return dict(given)


def _together(values: Mapping[str, Any]) -> list[str]:
    """Rules over more than one key."""
    nic: Nic = values["nic"]
    problems = []
    if nic.port in ("dpdk", "af_xdp", "af_packet") and not (nic.device or nic.interface or nic.mac):
        problems.append(f'nic.mac = "": port "{nic.port}" needs nic.device, nic.interface or nic.mac')
    if nic.port == "pcap" and not (nic.capture and nic.mac):
        problems.append('nic.capture = "": port "pcap" needs nic.capture, the file to replay, and nic.mac')
    if nic.port != "memory" and nic.address is None:
        problems.append(f'nic.address = "": port "{nic.port}" needs {_allowed("nic", "address")}')
    if nic.port != "socket" and nic.idle != "spin":
        problems.append(f'nic.idle = "{nic.idle}": port "{nic.port}" allows only "spin"')
    if values["management"].mac and values["management"].address is None:
        problems.append(f'management.address = "": with management.mac it must be {_allowed("management", "address")}')
    return problems


def _allowed(section: str, name: str) -> str:
    return next(key.allowed() for key in KEYS if (key.section, key.name) == (section, name))
