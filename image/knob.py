"""One row of the tuning catalogue: its fields, and what a row must be like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from image import rows
from image.errors import ProfileError
from image.resolved import BOOT_SET, UNSET

LAYERS: Final = {
    "kconfig": "the kernel's configuration (`key`: a symbol)",
    "boot": f"a parameter of the kernel's command line; the value `{BOOT_SET}` is a parameter without one",
    "sysctl": "a file below /proc/sys (`key`: its dotted name)",
    "sysfs": "files (`key`: a path; `*` matches, `{cpu}` is each isolated CPU that is on) or an "
    "action of hftapp/knobs/actions.py",
    "nic": "a setting of the trading card under a kernel driver, by hftapp/knobs/nic.py",
    "process": "what PID 1 or the trader asks of the kernel, by hftapp/knobs",
}
SOURCES: Final = {
    "T": "tuned's profiles (cpu-partitioning, realtime, realtime-virtual-host, network-latency)",
    "S": "SUSE's telco guide",
    "U": "Ubuntu's real-time documentation",
    "K": "the kernel's documentation",
    "H": "RHEL's real-time guide",
    "A": "AMD's Onload guide",
    "P": "partrt",
    "R": "rigtorp's low-latency guide",
    "X": "inferred here",
}
KINDS: Final = {
    "int": "a number in a file",
    "text": "a file's text",
    "first": "the first word of a file",
    "choice": "the word in brackets: `always [never]`",
    "parens": "the word in parentheses: `(none) full`",
    "mask": "a hexadecimal mask of CPUs",
    "cpus": "a list of CPUs",
    "grep": "what a pattern finds in a file: `grep:FILE:PATTERN`, its first group",
    "config": "a symbol in /proc/config.gz",
    "cmdline": "a word of /proc/cmdline that the kernel did not hand to /init as unknown",
    "with": "such a word, while a file is there: `with:WORD:FILE`",
    "without": "such a word, while no file is there: `without:WORD:FILE`, where `*` matches",
    "log": "what a pattern finds in the kernel's log, its first group",
    "code": "the code that sets it reads it back",
}
_PLAIN = {"sysctl": "int", "kconfig": "config"}
_PLACED = {"int", "text", "first", "choice", "parens", "mask", "cpus"}
_TEXTS = ("absent", "against", "not_readable")
_KEYS = {
    *("name", "layer", "key", "values", "levels", "why", "sources", "conflicts", "readback", "readbacks"),
    *("compare", "shows", "choices", "parts", *_TEXTS),
}


@dataclass(frozen=True, slots=True)
class Knob:
    """One row. `readback` is `KIND:PLACE` of `KINDS`, or empty, and then `not_readable` says why.

    `values`: by profile; a profile that is missing leaves the knob alone. `levels`: what else an experiment may choose.
    `shows`: what the read-back shows for a value when it is not the value itself; `|` separates alternatives.
    `compare`: the kind by which the two are compared, when it is not that of the read-back. `readbacks`: by value,
    another read-back, compared by its own kind: for those of which `readback` shows nothing that a kernel that was told
    nothing does not show too. `choices` (kconfig): the symbol of each value, of which one can be on. `parts` (kconfig):
    symbols that depend on the key, and without which it does nothing; they are on when it is. `absent`: why a
    kernel may lack it, and then its absence is no failure. `against`: why no profile sets it. `conflicts`: `NAME` or
    `NAME=VALUE` that it cannot be set together with, or `OWN=VALUE+NAME`, only when its own value is that.
    """

    name: str
    layer: str
    key: str
    values: Mapping[str, str]
    levels: tuple[str, ...]
    why: str
    sources: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    readback: str = ""
    readbacks: Mapping[str, str] = field(default_factory=dict)
    compare: str = ""
    shows: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    absent: str = ""
    against: str = ""
    not_readable: str = ""
    file: str = ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """Every value that it can be given, `UNSET` last."""
        return (*dict.fromkeys([*self.values.values(), *self.levels]), UNSET)

    @property
    def rebuild(self) -> bool:
        """Whether another value needs another kernel."""
        return self.layer == "kconfig"


def read(row: Any, path: Path) -> Knob:
    """The row of a TOML table. Raises ProfileError, which names the file, the row and the value."""
    rows.check_keys(row, _KEYS, path)
    name, layer, key, why = (rows.text(row, word, path) for word in ("name", "layer", "key", "why"))
    where = f"{path}: {name}"
    plain: dict[str, Any] = {word: _texts(row, word, where) for word in ("values", "shows", "choices", "readbacks")}
    plain["readbacks"] = {value: _readback(text, layer, key) for value, text in plain["readbacks"].items()}
    lists: dict[str, Any] = {word: _list(row, word, where) for word in ("levels", "sources", "conflicts", "parts")}
    optional: dict[str, Any] = {word: rows.text(row, word, path) for word in _TEXTS if word in row}
    knob = Knob(
        name, layer, key, why=why, file=f"catalogue/{path.stem}", compare=str(row.get("compare", "")),
        readback=_readback(str(row.get("readback", "")), layer, key), **plain, **lists, **optional,
    )  # fmt: skip
    _check(knob, where)
    return knob


def _readback(given: str, layer: str, key: str) -> str:
    """Spelled out: the kind of the layer, and the place of the key where the row leaves it out."""
    kind, colon, place = given.partition(":")
    kind = kind or _PLAIN.get(layer, "")
    if colon or kind not in {*_PLACED, "config", "code"}:
        return given
    return f"{kind}:/proc/sys/{key.replace('.', '/')}" if layer == "sysctl" else f"{kind}:{place or key}"


def _check(knob: Knob, where: str) -> None:
    """Raises ProfileError for fields that do not go together."""
    kinds, allowed = ", ".join(KINDS), set(knob.allowed) - {UNSET}
    strange, shown = sorted(set(knob.sources) - set(SOURCES)), sorted(set(knob.shows) - allowed)
    unreadable = [text for text in (knob.readback, *knob.readbacks.values()) if text and not _is_readback(text)]
    strays = sorted(set(knob.readbacks) - allowed)
    problems = (
        (knob.layer not in LAYERS, f"layer = {knob.layer!r}: must be one of {', '.join(LAYERS)}"),
        (not knob.sources, "sources = []: a row says by whose word it is there"),
        (strange, f"sources = {strange}: known are {', '.join(SOURCES)}"),
        (bool(knob.readback) == bool(knob.not_readable), "needs either a readback or not_readable, its reason"),
        (unreadable, f"readback = {', '.join(map(repr, unreadable))}: must be KIND:PLACE, KIND one of {kinds}"),
        (knob.compare and knob.compare not in KINDS, f"compare = {knob.compare!r}: must be one of {kinds}"),
        (not knob.values and not knob.against, "values = {}: `against` must say why no profile sets it"),
        (not allowed, "neither values nor levels: nothing can set it"),
        (knob.choices and set(knob.choices) != allowed, "choices must have a symbol for each value and level"),
        (knob.parts and knob.layer != "kconfig", "parts: only a symbol of the kernel's configuration has some"),
        (knob.parts and knob.choices, "parts and choices: one symbol has parts, several are a choice"),
        (strays, f"readbacks: {', '.join(strays)} is no value of it"),
        (shown, f"shows: {', '.join(shown)} is no value of it"),
        (knob.layer == "boot" and any(" " in value for value in allowed), "a space would make two words of a value"),
    )
    for wrong, problem in problems:
        if wrong:
            raise ProfileError(f"{where}: {problem}")


def _is_readback(text: str) -> bool:
    kind, _, place = text.partition(":")
    return kind in KINDS and bool(place)


def _texts(row: Mapping[str, Any], word: str, where: str) -> Any:
    found = row.get(word, {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ProfileError(f"{where}: {word} = {found!r}: must be a table of texts")
    return found


def _list(row: Mapping[str, Any], word: str, where: str) -> Any:
    found = row.get(word, [])
    if not isinstance(found, list) or not all(isinstance(value, str) and value for value in found):
        raise ProfileError(f"{where}: {word} = {found!r}: must be a list of texts")
    return tuple(found)
