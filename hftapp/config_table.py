"""Every key of `hftos.toml`: type, range, default, unit, meaning. Validator and documentation walk this table."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z", re.ASCII)
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]\Z")


class Key(NamedTuple):
    """One key. `kind` names a parser; `low` and `high` bound integers and text lengths; `choices` are text values.

    A `secret` value is shown by nothing.
    """

    section: str
    name: str
    kind: str
    default: object
    meaning: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    unit: str = ""
    secret: bool = False

    def allowed(self) -> str:
        """The allowed values, as an error message says them."""
        if self.kind == "int":
            return f"an integer from {self.low:,} to {self.high:,}".replace(",", "_") + (
                f" ({self.unit})" if self.unit else ""
            )
        if self.kind == "choice":
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "text":
            return f"ASCII text of {self.low} to {self.high} characters"
        return ALLOWED[self.kind]


ALLOWED = {
    "bool": "true or false",
    "mac": 'a MAC address such as "52:54:00:20:00:10", or ""',
    "pci": 'a PCI address such as "0000:00:03.0", or ""',
    "address": 'an IPv4 address with prefix length such as "10.20.0.10/24", or ""',
    "host": 'an IPv4 address such as "10.20.0.1"',
    "endpoint": 'IPv4 address and port such as "10.30.0.1:9300", or ""',
    "group": 'IPv4 multicast address and port such as "239.20.0.1:26401"',
    "optional_group": 'IPv4 multicast address and port such as "239.20.0.1:26401", or ""',
    "optional_host": 'an IPv4 address such as "10.20.0.1", or ""',
    "strategy": '"market_maker", "imbalance_taker", or a class as "module.Class"',
    "symbols": 'a list of symbols of 1 to 8 characters, or ["*"]',
    "shares_by_symbol": 'a table of symbols (or "*") and shares from 0 to 100_000_000',
}

PORT_HIGH = 65_535
HOST_NAME = 16
"""Characters that the management stream has for it (`protocols.management.Hello`)."""
MOST_SHARES = 100_000_000

KEYS = (
    Key(
        "host",
        "name",
        "text",
        "hftos",
        "name of this machine, by which the office knows it: each server its own",
        1,
        HOST_NAME,
    ),
    Key("host", "record", "bool", False, "write down every frame and timer, so that the run can be replayed"),
    Key(
        "host",
        "self_check",
        "choice",
        "stop",
        "when a kernel knob has not taken effect: do not trade, or trade and say so",
        choices=("stop", "warn"),
    ),
    Key(
        "host",
        "watchdog_seconds",
        "int",
        30,
        "silence of PID 1 after which a hardware watchdog resets the machine (at least 10; 0: never)",
        0,
        600,
        unit="s",
    ),
    Key(
        "nic",
        "port",
        "choice",
        "af_packet",
        "how frames are read and written",
        choices=("dpdk", "af_xdp", "af_packet", "pcap", "memory", "socket"),
    ),
    Key("nic", "device", "pci", "", "PCI address of the trading NIC; goes before interface and mac"),
    Key("nic", "interface", "text", "", "name of the trading interface; goes before mac", 0, 15),
    Key("nic", "mac", "mac", "52:54:00:20:00:10", "MAC address of the trading NIC (pcap: that it answers to)"),
    Key("nic", "address", "address", "10.20.0.10/24", "IPv4 address of the trader's own stack, or of the sockets"),
    Key(
        "nic",
        "idle",
        "choice",
        "spin",
        "when nothing arrives: poll again at once, or wait (socket only)",
        choices=("spin", "wait"),
    ),
    Key("nic", "promiscuous", "bool", False, "receive what is for other stations too"),
    Key("nic", "noiommu", "bool", False, "dpdk: take the card even where no IOMMU confines its DMA"),
    Key("nic", "rx_descriptors", "int", 1024, "dpdk: frames that the receive ring holds", 64, 16_384, unit="frames"),
    Key("nic", "tx_descriptors", "int", 256, "dpdk: frames that the send ring holds", 64, 16_384, unit="frames"),
    Key("nic", "busy_poll", "bool", True, "af_xdp: the driver's receive work on the trader's CPU, not in interrupts"),
    Key("nic", "capture", "text", "", "pcap: file that is replayed (pcap or pcapng)", 0, 255),
    Key("nic", "sent", "text", "", "pcap: file for what is sent (pcapng); empty: kept in memory", 0, 255),
    Key("management", "mac", "mac", "52:54:00:30:00:10", "MAC address of the management NIC; empty: leave it alone"),
    Key("management", "address", "address", "10.30.0.10/24", "IPv4 address of the management NIC"),
    Key("management", "office", "endpoint", "10.30.0.1:9300", "the office's collector; empty: no telemetry"),
    Key(
        "cpu",
        "trader",
        "int",
        -1,
        "CPU of the trader; -1: the first isolated one, near the card if it can be; no pinning when there is none",
        -1,
        1023,
    ),
    Key("cpu", "policy", "choice", "other", "scheduling class of the trader", choices=("other", "fifo")),
    Key("cpu", "priority", "int", 1, "priority under policy fifo", 1, 99),
    Key("cpu", "lock_memory", "bool", True, "mlockall(2) in the trader"),
    Key("cpu", "silence", "bool", True, "a system call ends the trader, where its port and clock need none (seccomp)"),
    Key("cpu", "headroom_mb", "int", 64, "free memory a silent trader starts with: all it gets", 1, 65_536, unit="MiB"),
    Key("feed", "session", "text", "", "MoldUDP64 session; empty: the first one seen", 0, 10),
    Key("feed", "a", "group", "239.20.0.1:26401", "line A"),
    Key("feed", "b", "group", "239.20.0.2:26402", "line B"),
    Key("feed", "gap_timeout_ms", "int", 50, "how long the other line may take to close a gap", 1, 10_000, unit="ms"),
    Key(
        "feed",
        "silence_timeout_ms",
        "int",
        3000,
        "how long both lines may show nothing in sequence before the books are stale",
        100,
        60_000,
        unit="ms",
    ),
    Key("feed", "hold_packets", "int", 4096, "packets held back while a gap is open", 16, 65_536, unit="packets"),
    Key(
        "feed",
        "max_orders",
        "int",
        1 << 18,
        "live orders there is room for from the start; beyond, the table grows",
        1 << 10,
        1 << 24,
        unit="orders",
    ),
    Key(
        "feed",
        "max_levels",
        "int",
        1 << 17,
        "price levels there is room for from the start; beyond, the table grows",
        1 << 10,
        1 << 22,
        unit="levels",
    ),
    Key("feed", "start", "choice", "one", "first message wanted", choices=("one", "seen")),
    Key("order_entry", "host", "host", "10.20.0.1", "order gateway"),
    Key("order_entry", "port", "int", 24_000, "TCP port of the order gateway", 1, PORT_HIGH),
    Key("order_entry", "user", "text", "HFT1", "SoupBinTCP user name", 1, 6),
    Key("order_entry", "password", "text", "secret1", "SoupBinTCP password", 1, 10, secret=True),
    Key("order_entry", "firm", "text", "HFTX", "firm identifier on every order", 1, 4),
    Key(
        "order_entry",
        "cancel_timeout_ms",
        "int",
        3000,
        "how long the end waits for open orders to die",
        100,
        60_000,
        unit="ms",
    ),
    Key("risk", "max_order_shares", "int", 1000, "largest order", 1, 999_999, unit="shares"),
    Key("risk", "max_order_notional", "int", 1_000_000, "largest order value", 1, 10**9, unit="dollars"),
    Key(
        "risk",
        "price_collar_bps",
        "int",
        300,
        "furthest limit price from the mid (else last) price",
        1,
        10_000,
        unit="1/100 %",
    ),
    Key(
        "risk",
        "fat_finger_bps",
        "int",
        100,
        "furthest a limit price may reach through the best price of the other side",
        0,
        10_000,
        unit="1/100 %",
    ),
    Key(
        "risk",
        "max_position_shares",
        "int",
        2000,
        "position with everything open filled, each way, per symbol",
        1,
        10**8,
        unit="shares",
    ),
    Key(
        "risk",
        "max_symbol_open_notional",
        "int",
        5_000_000,
        "value of the open orders in one symbol",
        1,
        10**10,
        unit="dollars",
    ),
    Key("risk", "max_open_notional", "int", 20_000_000, "value of all open orders", 1, 10**10, unit="dollars"),
    Key("risk", "max_open_orders", "int", 200, "open orders, all symbols", 1, 100_000, unit="orders"),
    Key(
        "risk",
        "max_gross_exposure",
        "int",
        50_000_000,
        "value of all positions, long and short added, with everything open filled",
        1,
        10**11,
        unit="dollars",
    ),
    Key(
        "risk",
        "max_net_exposure",
        "int",
        25_000_000,
        "value of long less short positions, each way, with the value of all open orders added",
        1,
        10**11,
        unit="dollars",
    ),
    Key(
        "risk",
        "max_executed_notional",
        "int",
        1_000_000_000,
        "value of all executions of the day, beyond which the kill switch trips",
        1,
        10**11,
        unit="dollars",
    ),
    Key(
        "risk",
        "max_orders_per_second",
        "int",
        500,
        "orders and replaces of one order session in any second",
        1,
        1_000_000,
        unit="1/s",
    ),
    Key(
        "risk",
        "max_symbol_orders_per_second",
        "int",
        100,
        "orders and replaces in one symbol in any second",
        1,
        1_000_000,
        unit="1/s",
    ),
    Key(
        "risk",
        "duplicate_window_us",
        "int",
        1000,
        "how long a new order with the same terms as an earlier one counts as its duplicate",
        1,
        1_000_000,
        unit="µs",
    ),
    Key("risk", "permitted", "symbols", ("*",), 'symbols that may be traded; "*" is every symbol'),
    Key("risk", "restricted", "symbols", (), "symbols in which no order may be sent"),
    Key(
        "risk",
        "borrow",
        "shares_by_symbol",
        {"*": 10_000},
        'shares located for short sales, by symbol; "*" is every other symbol',
    ),
)

VENUE_KEYS = (
    Key("venue", "name", "text", "NSDQ", "name of the venue in reports", 1, 8),
    Key(
        "venue",
        "market_code",
        "choice",
        "Q",
        "its code in operational halts: Q Nasdaq, B BX, X PSX",
        choices=("Q", "B", "X"),
    ),
    Key("venue", "session", "text", "", "MoldUDP64 session; empty: feed.session", 0, 10),
    Key("venue", "a", "optional_group", "", "line A; empty: feed.a"),
    Key("venue", "b", "optional_group", "", "line B; empty: feed.b"),
    Key("venue", "host", "optional_host", "", "order gateway; empty: order_entry.host"),
    Key("venue", "port", "int", 0, "TCP port of the order gateway; 0: order_entry.port", 0, PORT_HIGH),
    Key("venue", "user", "text", "", "SoupBinTCP user name; empty: order_entry.user", 0, 6),
    Key("venue", "password", "text", "", "SoupBinTCP password; empty: order_entry.password", 0, 10, secret=True),
    Key(
        "venue",
        "taker_fee",
        "int",
        300,
        "paid for a share removed; negative: received",
        -10_000,
        10_000,
        unit="1/100,000 dollar",
    ),
    Key(
        "venue",
        "maker_rebate",
        "int",
        200,
        "received for a share added; negative: paid",
        -10_000,
        10_000,
        unit="1/100,000 dollar",
    ),
)

STRATEGY_KEYS = (
    Key("strategy", "kind", "strategy", None, "which strategy: a built-in one, or a class of the folder strategies"),
    Key(
        "strategy",
        "max_symbols",
        "int",
        16,
        'how many symbols at most, when symbols is ["*"]',
        1,
        10_000,
        unit="symbols",
    ),
)

PARAMS = {
    "market_maker": (
        Key("market_maker", "size", "int", 100, "shares quoted on each side", 1, 999_999, unit="shares"),
        Key(
            "market_maker",
            "half_spread_bps",
            "int",
            8,
            "distance of a quote from the fair price",
            0,
            1000,
            unit="1/100 %",
        ),
        Key("market_maker", "skew_bps", "int", 4, "shift of both quotes at full inventory", 0, 1000, unit="1/100 %"),
        Key(
            "market_maker",
            "max_inventory",
            "int",
            500,
            "position at which one side stops quoting",
            1,
            10**7,
            unit="shares",
        ),
        Key(
            "market_maker",
            "min_move",
            "int",
            100,
            "smallest price change worth a replace",
            1,
            10**7,
            unit="1/10,000 dollar",
        ),
        Key("market_maker", "tick", "int", 100, "price grid", 1, 10**6, unit="1/10,000 dollar"),
        Key(
            "market_maker", "max_spread_bps", "int", 500, "widest market in which it quotes", 1, 10_000, unit="1/100 %"
        ),
    ),
    "imbalance_taker": (
        Key("imbalance_taker", "size", "int", 100, "shares of one order", 1, 999_999, unit="shares"),
        Key(
            "imbalance_taker",
            "ratio_pct",
            "int",
            80,
            "share of one side in the best level's shares that triggers",
            51,
            100,
            unit="%",
        ),
        Key(
            "imbalance_taker",
            "min_shares",
            "int",
            200,
            "shares at the best level needed to trust the signal",
            1,
            10**7,
            unit="shares",
        ),
        Key(
            "imbalance_taker",
            "max_spread_bps",
            "int",
            100,
            "widest market in which it takes",
            1,
            10_000,
            unit="1/100 %",
        ),
        Key("imbalance_taker", "max_position", "int", 300, "largest position", 1, 10**7, unit="shares"),
        Key("imbalance_taker", "cooldown_ms", "int", 500, "pause after an order, per symbol", 0, 3_600_000, unit="ms"),
    ),
}


def _integer(key: Key, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not key.low <= value <= key.high:
        raise ValueError
    return value


def _text(key: Key, value: object) -> object:
    if not isinstance(value, str) or not key.low <= len(value) <= key.high or not value.isascii():
        raise ValueError
    return value


def _choice(key: Key, value: object) -> object:
    if value not in key.choices:
        raise ValueError
    return value


def _bool(_key: Key, value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - one kind of refusal for every parser
    return value


def _mac(_key: Key, value: object) -> object:
    if not isinstance(value, str) or (value and not MAC.match(value.lower())):
        raise ValueError
    return value.lower()


def _pci(_key: Key, value: object) -> object:
    if not isinstance(value, str) or (value and not PCI.match(value.lower())):
        raise ValueError
    return value.lower()


def _address(_key: Key, value: object) -> object:
    if not isinstance(value, str) or (value and "/" not in value):
        raise ValueError
    return ipaddress.IPv4Interface(value) if value else None


def _host(_key: Key, value: object) -> object:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - as above
    return ipaddress.IPv4Address(value)


def _endpoint(_key: Key, value: object) -> object:
    if value == "":
        return None
    if not isinstance(value, str) or value.count(":") != 1:
        raise ValueError
    host, port = value.split(":")
    number = int(port)
    if not 1 <= number <= PORT_HIGH:
        raise ValueError
    return ipaddress.IPv4Address(host), number


def _optional_group(key: Key, value: object) -> object:
    return None if value == "" else _group(key, value)


def _optional_host(key: Key, value: object) -> object:
    return None if value == "" else _host(key, value)


def _strategy(_key: Key, value: object) -> object:
    if not isinstance(value, str) or (value not in PARAMS and not DOTTED.match(value)):
        raise ValueError
    return value


def _group(key: Key, value: object) -> object:
    found = _endpoint(key, value)
    if not isinstance(found, tuple) or not found[0].is_multicast:
        raise ValueError
    return found


def is_symbol(value: object) -> bool:
    """Whether a value can be the name of a symbol (ITCH 5.0, field Stock: 8 characters, padded on the right)."""
    return isinstance(value, str) and 1 <= len(value) <= 8 and value.isascii() and value == value.strip()


def _symbols(_key: Key, value: object) -> object:
    if not isinstance(value, list | tuple) or not all(is_symbol(symbol) for symbol in value):
        raise ValueError
    return tuple(value)


def _shares_by_symbol(_key: Key, value: object) -> object:
    if not isinstance(value, Mapping) or not all(is_symbol(symbol) for symbol in value):
        raise ValueError
    if not all(type(shares) is int and 0 <= shares <= MOST_SHARES for shares in value.values()):
        raise ValueError
    return dict(value)


PARSERS: dict[str, Callable[[Key, object], object]] = {
    "int": _integer,
    "text": _text,
    "choice": _choice,
    "bool": _bool,
    "mac": _mac,
    "pci": _pci,
    "address": _address,
    "host": _host,
    "endpoint": _endpoint,
    "group": _group,
    "optional_group": _optional_group,
    "optional_host": _optional_host,
    "strategy": _strategy,
    "symbols": _symbols,
    "shares_by_symbol": _shares_by_symbol,
}
