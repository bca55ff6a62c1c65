"""Reads a TOML table key by key; every error says where, what and what it must be."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn

from lab.errors import ExperimentError

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+,-]{0,59}")
"""Names of variants and factors: they become file names and column heads."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error's text for an unknown name: what is near to it, or all there is."""
    known = list(known)
    return _meant(name, known) or f"; there are: {', '.join(known) or 'none'}"


def _meant(name: str, known: Iterable[str]) -> str:
    """The same where something is near; case decides nothing, and where it is all that differs, that is meant."""
    folded: dict[str, list[str]] = {}
    for each in known:
        folded.setdefault(each.casefold(), []).append(each)
    wanted = name.casefold()
    keys = [wanted] if wanted in folded else difflib.get_close_matches(wanted, folded, n=3)
    near = [repr(each) for key in keys for each in folded[key]]
    return f"; did you mean {' or '.join(near)}?" if near else ""


class Table:
    """A table of a TOML document; `finish` refuses the keys that nobody asked for."""

    def __init__(self, values: object, place: str) -> None:
        self.place = place
        if not isinstance(values, Mapping):
            raise ExperimentError(f"{place} = {values!r}: must be a table")
        self._values: Mapping[str, Any] = values
        self._asked: list[str] = []

    @property
    def keys(self) -> list[str]:
        """The keys there are, in the file's order."""
        return list(self._values)

    def finish(self) -> None:
        """Raises ExperimentError for a key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                raise ExperimentError(f"{self.place}: unknown key {key!r}{nearest(key, self._asked)}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; without `default` it must be there."""
        value = self._get(key, default)
        if value == default and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            self._refuse(key, value, "a text that is not empty")
        return value

    def name(self, key: str, default: str | None = None) -> str:
        """A text that may be part of a file's name."""
        value = self.text(key, default)
        if not NAME.fullmatch(value):
            self._refuse(
                key, value, "a name of at most 60 letters, digits and . _ = + , - that begins with a letter or digit"
            )
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """One of the allowed texts."""
        value = self._get(key, default)
        if value not in allowed:
            self._refuse(key, value, f"one of {', '.join(allowed)}")
        return str(value)

    def choices(self, key: str, allowed: Sequence[str]) -> list[str]:
        """One or more of the allowed texts, each once."""
        values = self.list_of_texts(key, 1)
        for value in values:
            if value not in allowed:
                raise ExperimentError(f"{self.place}: {key}: unknown {value!r}{nearest(value, allowed)}")
        if len(set(values)) < len(values):
            self._refuse(key, values, "a list in which each is once")
        return values

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number in a range, also one that is written with a point."""
        value = self._get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not least <= value <= most:
            self._refuse(key, value, f"a whole number from {least} to {most}")
        return value

    def list_of_texts(self, key: str, least: int) -> list[str]:
        """A list of at least so many texts."""
        value = self._get(key, None)
        if not isinstance(value, list) or len(value) < least or not all(isinstance(v, str) and v for v in value):
            self._refuse(key, value, f"a list of {least} or more texts, none empty")
        return value

    def texts(self, key: str) -> dict[str, str]:
        """A table of texts; empty when it is missing."""
        value = self._get(key, {})
        if not isinstance(value, Mapping):
            self._refuse(key, value, "a table of knobs and their levels")
        for name, text in value.items():
            if not isinstance(text, str) or not text:
                raise ExperimentError(f'{self.place}: {key}.{name} = {text!r}: must be a text, as in {name} = "unset"')
        return dict(value)

    def table(self, key: str) -> "Table":
        """A table in this one; empty when it is missing."""
        return Table(self._get(key, {}), f"{self.place}: {key}")

    def tables(self, key: str) -> list["Table"]:
        """A list of tables, as `[[key]]` makes it; empty when it is missing."""
        value = self._get(key, [])
        if not isinstance(value, list):
            self._refuse(key, value, f"tables [[{key}]]")
        return [Table(entry, f"{self.place}: {key} {number}") for number, entry in enumerate(value, 1)]

    def _get(self, key: str, default: object) -> Any:
        self._asked.append(key)
        return self._values.get(key, default)

    def _refuse(self, key: str, value: object, must: str) -> NoReturn:
        shown, more = ("missing", self._misspelt()) if value is None else (f"{value!r}", "")
        raise ExperimentError(f"{self.place}: {key}: {shown}; must be {must}{more}")

    def _misspelt(self) -> str:
        """The first key that nobody has asked for and that is near to one that somebody has."""
        strange = (key for key in self._values if key not in self._asked)
        found = ((key, _meant(key, self._asked)) for key in strange)
        return next((f"; unknown key {key!r}{meant}" for key, meant in found if meant), "")
