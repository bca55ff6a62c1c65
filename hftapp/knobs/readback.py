"""How a value is proved: one function for each kind of read-back, and how what it gives is compared.

All read the running kernel; `root` is put before every path, so that tests bring a kernel of their own.
"""

import re
import zlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from hftapp import cpu, kmsg
from hftapp.knobs.result import UNSET
from hftapp.knobs.table import cpus_of

_GZIP = 31
"""zlib's window bits for a file in gzip's format; its own module would only be a further import at boot."""
_SYMBOL = re.compile(r'^CONFIG_(\w+)="?(.*?)"?$', re.MULTILINE)


class Reader:
    """The running kernel. What is read again and again, its configuration and its log, is read once."""

    def __init__(self, root: str = "") -> None:
        self.root = root

    def path(self, place: str) -> Path:
        """A file of the running system."""
        return Path(self.root + place)

    def text(self, place: str) -> str:
        """A file's text, without the white space around it. Raises OSError."""
        with open(self.root + place, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - paths cost boot time
            return file.read().strip()

    def matching(self, pattern: str) -> list[str]:
        """The files that there are of a pattern (`*`), sorted."""
        found = sorted(Path(f"{self.root}/").glob(pattern.lstrip("/")))
        return [str(path).removeprefix(self.root) for path in found]

    def effective(self, kind: str, place: str) -> str:
        """What the kernel shows; `UNSET` for what is not set. Raises OSError, of which FileNotFoundError: not there."""
        return KINDS[kind](self, place)

    @cached_property
    def last_cpu(self) -> int:
        """The highest number a CPU can have, `N` in the kernel's lists."""
        return max(cpu.read_list("possible", self.root + cpu.SYSFS_CPU), default=0)

    @cached_property
    def present(self) -> set[int]:
        """The CPUs that are there."""
        return set(cpu.read_list("present", self.root + cpu.SYSFS_CPU))

    @property
    def online(self) -> set[int]:
        """The CPUs that run now."""
        return set(cpu.read_list("online", self.root + cpu.SYSFS_CPU))

    @cached_property
    def config(self) -> dict[str, str]:
        """The kernel's configuration by symbol, without what is off. Raises OSError."""
        text = zlib.decompress(self.path("/proc/config.gz").read_bytes(), _GZIP).decode()
        return dict(_SYMBOL.findall(text))

    @cached_property
    def log(self) -> str:
        """The kernel's log, a line a record. Raises OSError."""
        return "\n".join(line.text.decode("utf-8", "replace") for line in kmsg.lines(self.root + kmsg.PATH))

    @cached_property
    def words(self) -> list[str]:
        """The kernel's command line, without the arguments of /init."""
        return self.text("/proc/cmdline").partition(" -- ")[0].split()

    @cached_property
    def handed_on(self) -> set[str]:
        """What the kernel did not know and gave to /init, as arguments and as environment."""
        words = self.path("/proc/1/cmdline").read_bytes().split(b"\0") + self.path(
            "/proc/1/environ"
        ).read_bytes().split(b"\0")
        return {word.decode("utf-8", "replace") for word in words if word}

    def agree(self, kind: str, wanted: str, effective: str) -> bool:
        """Whether what is effective is one of what is wanted (`|` between alternatives)."""
        return any(self._same(kind, choice, effective) for choice in wanted.split("|"))

    def _same(self, kind: str, wanted: str, effective: str) -> bool:
        try:
            if kind == "int":
                return int(wanted, 0) == int(effective, 0)
            if kind == "mask":
                return cpu.parse_mask(wanted) == cpu.parse_mask(effective)
            if kind == "cpus":
                ours, theirs = (cpus_of(text, self.last_cpu) & self.present for text in (wanted, effective))
                return ours == theirs
        except ValueError:
            return False
        return wanted == effective


def _plain(reader: Reader, place: str) -> str:
    return reader.text(place)


def _first(reader: Reader, place: str) -> str:
    return next(iter(reader.text(place).split()), "")


def _marked(opening: str, closing: str) -> Callable[[Reader, str], str]:
    pattern = re.compile(rf"\{opening}([^{closing}]*)\{closing}")

    def read(reader: Reader, place: str) -> str:
        text = reader.text(place)
        found = pattern.search(text)
        return found[1] if found else text

    return read


def _grep(reader: Reader, place: str) -> str:
    file, _, pattern = place.partition(":")
    return _found(pattern, reader.text(file))


def _log(reader: Reader, place: str) -> str:
    return _found(place, reader.log)


def _found(pattern: str, text: str) -> str:
    """The pattern's group where it was found last, `set` for a pattern without one."""
    matches = list(re.finditer(pattern, text))
    if not matches:
        return UNSET
    return matches[-1][1] if matches[-1].groups() else "set"


def _config(reader: Reader, place: str) -> str:
    """A symbol's value; of a choice (`A|B|C`) the symbol that is on; of one with parts (`A+B+C`) also which are off."""
    symbols = place.split("|")
    if len(symbols) > 1:
        return next((name for name in symbols if name in reader.config), "none of them")
    place, *parts = place.split("+")
    off = [name for name in parts if name not in reader.config]
    if off and place in reader.config:
        return f"{reader.config[place]}, without {', '.join(off)}"
    return reader.config.get(place, "n")


def _cmdline(reader: Reader, place: str) -> str:
    """The last value given; one that the kernel passed on to /init says so, because it had no effect."""
    given = [word for word in reader.words if word.partition("=")[0] == place]
    if not given:
        return UNSET
    value = given[-1].partition("=")[2] or "set"
    return f"{value}, unknown to this kernel" if given[-1] in reader.handed_on else value


def _with(reader: Reader, place: str) -> str:
    """A word as `cmdline` shows it, which has only had its effect while a file is there."""
    word, _, file = place.partition(":")
    value = _cmdline(reader, word)
    return value if value == UNSET or reader.matching(file) else f"{value}, but there is no {file}"


def _without(reader: Reader, place: str) -> str:
    """A word as `cmdline` shows it, which has only had its effect while no such file is there."""
    word, _, file = place.partition(":")
    value, found = _cmdline(reader, word), reader.matching(file)
    return f"{value}, but there is {found[0]}" if found and value != UNSET else value


KINDS: dict[str, Callable[[Reader, str], str]] = {
    "int": _plain,
    "text": _plain,
    "mask": _plain,
    "cpus": _plain,
    "first": _first,
    "choice": _marked("[", "]"),
    "parens": _marked("(", ")"),
    "grep": _grep,
    "log": _log,
    "config": _config,
    "cmdline": _cmdline,
    "with": _with,
    "without": _without,
}
