"""The job that the image and every peer do, as data: addresses, strategy, limits; rendered for C, Python and the image.

One symbol's best bid is joined by a large order: its best level now holds `RATIO_PCT` of the shares, and the trader
takes the offer with an immediate-or-cancel order.
"""

from collections.abc import Mapping
from typing import Final

JOB: Final[Mapping[str, int | str]] = {
    "GUEST_ADDRESS": "10.20.0.10",
    "EXCHANGE_ADDRESS": "10.20.0.1",
    "PREFIX_LENGTH": 24,
    "GROUP_A": "239.20.0.1",
    "PORT_A": 26401,
    "GROUP_B": "239.20.0.2",
    "PORT_B": 26402,
    "ORDER_PORT": 24000,
    "USER": "HFT1  ",
    "PASSWORD": "secret1   ",
    "FIRM": "HFTX",
    "SIZE": 100,
    "RATIO_PCT": 80,
    "MIN_SHARES": 200,
    "MAX_SPREAD_BPS": 100,
    "MAX_POSITION": 300,
    "MAX_ORDER_SHARES": 1_000,
    "PRICE_COLLAR_BPS": 300,
    "MAX_POSITION_SHARES": 2_000,
    "MAX_ORDER_NOTIONAL": 1_000_000,
    "MAX_OPEN_NOTIONAL": 20_000_000,
    "MAX_ORDERS_PER_SECOND": 100_000,
    "MAX_SAMPLES": 65_536,
}
"""Prices are price4, notionals dollars. The names are those of the C header and of the Python module."""

GUEST_MAC: Final = "52:54:00:20:00:10"
MANAGEMENT_MAC: Final = "52:54:00:30:00:10"
EXCHANGE_MAC: Final = "02:00:00:20:00:01"
OFFICE: Final = "10.30.0.1:9300"
SYMBOLS: Final = 16
BEST_BID: Final = 1_000_000
TICK: Final = 100
LEVELS: Final = 20
"""Levels of each side of each book before the first tick: one order at the best, two behind it."""
BASE_SHARES: Final = 100
TRIGGER_SHARES: Final = 900
DUPLICATE_WINDOW_US: Final = 1_000
WARM_UP: Final = 200
"""Ticks that are carried out and not counted."""


def stock(locate: int) -> str:
    """The symbol of a stock locate, 1 to `SYMBOLS`."""
    return f"TICK{locate:02d}"


def c_header() -> str:
    """The job as a C header."""
    rows = (f"#define {name} {value if isinstance(value, int) else _quoted(value)}" for name, value in JOB.items())
    return "\n".join(("#pragma once", *rows, ""))


def python_module() -> str:
    """The job as a Python module."""
    return "\n".join((*(f"{name} = {value!r}" for name, value in JOB.items()), ""))


def image_config(
    port: str,
    office: str = OFFICE,
    *,
    cpu: int = -1,
    management: str = MANAGEMENT_MAC,
    duplicate_window_us: int = DUPLICATE_WINDOW_US,
) -> str:
    """The job as the image's `hftos.toml`, on a NIC port ("dpdk", "af_packet"); `office`: the collector, "": none.

    `cpu`: the trader's, -1 for the first isolated one; `management`: the MAC address of the other card, "": none. An
    order within the duplicates' window after the last one is compared with others: whether it is depends on the pace.
    """
    job = JOB
    strategy = ", ".join(
        f"{key} = {job[name]}"
        for key, name in (
            ("size", "SIZE"),
            ("ratio_pct", "RATIO_PCT"),
            ("min_shares", "MIN_SHARES"),
            ("max_spread_bps", "MAX_SPREAD_BPS"),
            ("max_position", "MAX_POSITION"),
        )
    )
    return f"""\
[host]
name = "icount"

[nic]
port = "{port}"
mac = "{GUEST_MAC}"
address = "{job["GUEST_ADDRESS"]}/{job["PREFIX_LENGTH"]}"

[management]
mac = "{management}"
address = "10.30.0.10/24"
office = "{office}"

[cpu]
trader = {cpu}

[feed]
a = "{job["GROUP_A"]}:{job["PORT_A"]}"
b = "{job["GROUP_B"]}:{job["PORT_B"]}"
silence_timeout_ms = 60000

[order_entry]
host = "{job["EXCHANGE_ADDRESS"]}"
port = {job["ORDER_PORT"]}
user = "{str(job["USER"]).strip()}"
password = "{str(job["PASSWORD"]).strip()}"
firm = "{job["FIRM"]}"

[risk]
max_order_shares = {job["MAX_ORDER_SHARES"]}
price_collar_bps = {job["PRICE_COLLAR_BPS"]}
max_position_shares = {job["MAX_POSITION_SHARES"]}
max_order_notional = {job["MAX_ORDER_NOTIONAL"]}
max_open_notional = {job["MAX_OPEN_NOTIONAL"]}
max_orders_per_second = {job["MAX_ORDERS_PER_SECOND"]}
duplicate_window_us = {duplicate_window_us}

[[strategy]]
kind = "imbalance_taker"
symbols = ["*"]
max_symbols = {SYMBOLS}
params = {{ {strategy}, cooldown_ms = 0 }}
"""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
