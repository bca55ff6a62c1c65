"""Knobs of the trading card under a kernel driver, through the ethtool ioctls (linux/ethtool.h)."""

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Callable
from ctypes import addressof, create_string_buffer
from typing import Final

from hftapp.config import Nic
from hftapp.knobs.result import NOT_APPLICABLE, UNSET, Result
from hftapp.knobs.table import Row

SIOCETHTOOL: Final = 0x8946
GCOALESCE, SCOALESCE = 0x0E, 0x0F
GPAUSE, SPAUSE = 0x12, 0x13
GCHANNELS, SCHANNELS = 0x3C, 0x3D
_NO_DRIVER: Final = {
    "dpdk": "the driver is the trader's own: one queue, no interrupts, nothing to wait for",
    "memory": "there is no card",
    "pcap": "there is no card",
}
_LACKING: Final = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV}

Ioctl = Callable[[bytearray], None]
"""One call of ethtool: the structure goes in and comes back in place. Raises OSError."""


def ethtool(interface: str) -> Ioctl:
    """The calls for an interface."""

    def call(structure: bytearray) -> None:
        buffer = create_string_buffer(bytes(structure), len(structure))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), addressof(buffer)))
        structure[:] = buffer.raw

    return call


class Words:
    """A structure of 32-bit words with its two commands; words are counted from the command at 0."""

    def __init__(self, get: int, put: int, words: int) -> None:
        self._get, self._put, self._words = get, put, words

    def read(self, call: Ioctl) -> list[int]:
        """The words. Raises OSError."""
        data = bytearray(struct.pack("=I", self._get) + bytes(4 * (self._words - 1)))
        call(data)
        return list(struct.unpack(f"={self._words}I", data))

    def change(self, call: Ioctl, changed: dict[int, int]) -> None:
        """Put new values into some words, where that changes anything. Raises OSError."""
        words = self.read(call)
        if all(words[place] == value for place, value in changed.items()):
            return
        for place, value in changed.items():
            words[place] = value
        call(bytearray(struct.pack(f"={self._words}I", self._put, *words[1:])))


_COALESCE: Final = Words(GCOALESCE, SCOALESCE, 23)
_PAUSE: Final = Words(GPAUSE, SPAUSE, 4)
_CHANNELS: Final = Words(GCHANNELS, SCHANNELS, 9)
_RX_USECS, _ADAPTIVE_RX = 1, 10
_AUTONEG, _RX_PAUSE, _TX_PAUSE = 1, 2, 3
_MAX_COMBINED, _RX, _COMBINED = 4, 5, 8


def _queues(call: Ioctl, value: int | None) -> int:
    if value is not None:
        _CHANNELS.change(call, {_COMBINED if _CHANNELS.read(call)[_MAX_COMBINED] else _RX: value})
    words = _CHANNELS.read(call)
    return words[_COMBINED] if words[_MAX_COMBINED] else words[_RX]


def _usecs(call: Ioctl, value: int | None) -> int:
    if value is not None:
        _COALESCE.change(call, {_RX_USECS: value})
    return _COALESCE.read(call)[_RX_USECS]


def _adaptive(call: Ioctl, value: int | None) -> int:
    if value is not None:
        _COALESCE.change(call, {_ADAPTIVE_RX: value})
    return _COALESCE.read(call)[_ADAPTIVE_RX]


def _pause(call: Ioctl, value: int | None) -> int:
    if value is not None:
        # Negotiated, the link partner could bring it back.
        _PAUSE.change(call, {_AUTONEG: 0, _RX_PAUSE: value, _TX_PAUSE: value})
    words = _PAUSE.read(call)
    return words[_RX_PAUSE] | words[_TX_PAUSE]


SETTINGS: Final[dict[str, Callable[[Ioctl, int | None], int]]] = {
    "queues": _queues,
    "rx_usecs": _usecs,
    "adaptive_rx": _adaptive,
    "pause": _pause,
}
"""By the key of a row of layer `nic`: puts a value in, unless it is None, and reads it back."""


def interface_of(nic: Nic) -> tuple[str, str]:
    """The kernel's interface of the trading card; or none, and why."""
    if nic.port in _NO_DRIVER:
        return "", _NO_DRIVER[nic.port]
    if not (nic.device or nic.mac or nic.interface):
        return "", "no card is configured"
    from hftapp.nic.card import find_card
    from hftapp.nic.port import PortError

    try:
        card = find_card(nic.device, nic.mac, nic.interface)
    except PortError as error:
        return "", str(error)
    return card.interface, "" if card.interface else f"{card} has no kernel driver"


def apply(row: Row, nic: Nic, calls: Callable[[str], Ioctl] = ethtool) -> Result:
    """Set a row's value on the trading card and read it back."""
    interface, why = interface_of(nic)
    if not interface:
        return Result(row.name, row.layer, row.value, NOT_APPLICABLE, True, why)
    setting, call = SETTINGS[row.key], calls(interface)
    refused = ""
    try:
        effective = setting(call, None if row.value == UNSET else int(row.value))
    except OSError as error:
        refused = os.strerror(error.errno or 0)
        try:
            effective = setting(call, None)
        except OSError as again:
            if again.errno in _LACKING:
                why = f"the driver of {interface} has no such setting"
                return Result(row.name, row.layer, row.value, NOT_APPLICABLE, True, why)
            return Result(row.name, row.layer, row.value, f"unreadable: {os.strerror(again.errno or 0)}", False)
    ok = row.value == UNSET or str(effective) in row.shows.split("|")
    reason = "" if ok or not refused else f"{interface} refused it: {refused}"
    return Result(row.name, row.layer, row.value, str(effective), ok, reason)
