"""Which configuration the machine runs on: the first one of a table of places that is there and valid.

The EFI stub puts what lies beside the unified kernel image on the EFI system partition (`hftos.efi.extra.d/*.cred`)
and in `loader/credentials` into the initramfs, below `/.extra` (systemd-stub(7)). So a configuration changes without a
new image; and as anybody who holds the disk can write there, nothing that lies there can stop the machine from booting
as long as the image's own configuration is good.
"""

import os
import stat
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hftapp import config, netconf
from hftapp.config import Config, ConfigError

LIMIT = 256 << 10
"""Bytes a configuration may have."""
CHANGED, LAST_GOOD, OWN = "changed", "last good", "image"
"""Sources: put there without a build; the one before it; the one that was built in."""
DOTS = 256
"""Dots that a line may have: the time `tomllib` takes grows with the square of a key's parts."""
_LONGEST = 300
_MOST = 20
_BAR = "*" * 72


class Place(NamedTuple):
    """A file that may hold the configuration, and what it is then."""

    source: str
    path: str


PLACES = (
    Place(CHANGED, "/.extra/credentials/hftos.toml.cred"),
    Place(LAST_GOOD, "/.extra/credentials/hftos.last-good.toml.cred"),
    Place(CHANGED, "/.extra/global_credentials/hftos.toml.cred"),
    Place(LAST_GOOD, "/.extra/global_credentials/hftos.last-good.toml.cred"),
    Place(OWN, "/etc/hftos.toml"),
)
"""In this order. The last good one of an image goes before those for all images: while it is being replaced, and for as
long as the new one is no good, the machine runs on what it ran on before, and says so."""
WORDS = {
    CHANGED: "the configuration",
    LAST_GOOD: "the last good configuration",
    OWN: "the configuration that was built into the image",
}


class Refused(NamedTuple):
    """A file that is there and cannot be used; a line for each mistake: key, value, allowed range."""

    path: str
    problems: tuple[str, ...]


class Chosen(NamedTuple):
    """The configuration, where it comes from, and what was refused before it was found."""

    settings: Config
    place: Place
    refused: tuple[Refused, ...]

    @property
    def is_fallback(self) -> bool:
        """Whether the machine should be running on another one."""
        return bool(self.refused) or self.place.source == LAST_GOOD

    def record(self) -> dict[str, object]:
        """For the boot record: `source`, `path`, and `refused`, each with `path` and `problems`."""
        refused = [{"path": entry.path, "problems": list(entry.problems)} for entry in self.refused]
        return {"source": self.place.source, "path": self.place.path, "fallback": self.is_fallback, "refused": refused}

    def mark(self) -> list[str]:
        """The lines that say loudly that this is not the configuration somebody wanted; none when it is."""
        if not self.is_fallback:
            return []
        lines = [_BAR]
        for entry in self.refused:
            lines += [f"CONFIGURATION REFUSED: {entry.path}", *(f"  {problem}" for problem in entry.problems)]
        if not self.refused:
            lines.append(f"CONFIGURATION MISSING: {PLACES[0].path}: a change of it was interrupted, make it again")
        return [*lines, f"RUNNING ON: {WORDS[self.place.source]}, {self.place.path}", _BAR]

    def state(self) -> str:
        """The same in one line, for the office; empty when there is nothing to say."""
        if not self.is_fallback:
            return ""
        reasons = [f"{entry.path} refused: {'; '.join(entry.problems)}" for entry in self.refused]
        reason = "; ".join(reasons) or f"{PLACES[0].path} is missing"
        return f"configuration: running on {WORDS[self.place.source]}, {self.place.path}; {reason}"


def find(
    places: Iterable[Place] = PLACES,
    read: Callable[[str], bytes | None] | None = None,
    fits: Callable[[Config], None] | None = None,
) -> Chosen:
    """The first configuration that is there, valid, and fit for this machine.

    `read` gives a file's content, None where there is none; `fits` raises ConfigError or NetworkError for one that this
    machine cannot run on. Both default to what PID 1 needs. Raises ConfigError, and nothing else, when no place has a
    usable one: with all mistakes of all of them.
    """
    refused: list[Refused] = []
    for place in places:
        try:
            data = (read or read_file)(place.path)
            if data is None:
                continue
            settings = parse(data, place.path)
            (fits or fit_for_this_machine)(settings)
        except Exception as error:  # whatever a file holds must not keep the next one from being tried
            refused.append(Refused(place.path, problems(error)))
            continue
        return Chosen(settings, place, tuple(refused))
    found = [f"{entry.path}: {problem}" for entry in refused for problem in entry.problems]
    raise ConfigError("configuration", found or [f"none is there: {', '.join(place.path for place in places)}"])


def parse(data: bytes, source: str) -> Config:
    """Validate a file's content. Raises ConfigError."""
    if len(data) > LIMIT:
        raise ConfigError(source, [f"longer than {LIMIT:,} bytes"])
    if not data.strip():
        raise ConfigError(source, ["empty: nothing would be traded on the defaults alone"])
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.count(b".") > DOTS:
            raise ConfigError(source, [f"line {number} has more than {DOTS} dots: write it in several lines"])
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise ConfigError(source, [f"not UTF-8: {where}"]) from error
    return config.parse(text, source=source)


def read_file(path: str) -> bytes | None:
    """The first `LIMIT` + 1 bytes of a regular file; None where there is nothing. Raises OSError, ConfigError."""
    try:
        # Nothing that waits, and nothing that lies elsewhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError(path, ["no regular file"])
        return _some(descriptor)
    finally:
        os.close(descriptor)


def _some(descriptor: int) -> bytes:
    data = b""
    while len(data) <= LIMIT and (piece := os.read(descriptor, LIMIT + 1 - len(data))):
        data += piece
    return data


def fit_for_this_machine(settings: Config) -> None:
    """Raises ConfigError or NetworkError for a CPU, a management card or a strategy that is not here."""
    from hftapp.spawn import trader_cpu

    trader_cpu(settings)
    if settings.management.mac:
        netconf.by_mac(settings.management.mac)
    if settings.strategies:
        from hftapp.trader.strategy import loading

        loading.check(settings.strategies)


def problems(error: Exception) -> tuple[str, ...]:
    """The mistakes in an error, as lines that a console can show: printable, of limited length and number."""
    found = error.problems if isinstance(error, ConfigError) else [_text(error)]
    lines = tuple(_printable(text) for text in found[:_MOST])
    return lines if len(found) <= _MOST else (*lines, f"and {len(found) - _MOST} more")


def _text(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return str(error) if isinstance(error, netconf.NetworkError) else f"cannot be used: {type(error).__name__}: {error}"


def _printable(text: str) -> str:
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:_LONGEST])
    return shown if len(text) <= _LONGEST else f"{shown}…"
