"""Reads the tuning catalogue, `kernel-config/catalogue/`: one row a knob (`image.knob`), whatever layer it belongs to.

A row says what a profile sets the knob to, what else an experiment may choose, why, by whose word, what it cannot be
together with, and how the running system proves it. `Catalogue.resolve` turns the rows into what a kernel is built
with (`Symbol`), booted with (`Parameter`) and told at run time (`Resolved.guest_file`, which PID 1 reads).
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from image import knob as knob_row
from image import rows
from image.errors import ProfileError
from image.knob import Knob
from image.resolved import UNSET, Resolved, Setting
from image.rows import KERNEL_CONFIG

__all__ = ["UNSET", "Catalogue", "Knob", "load"]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rows by name, in the order of their files."""

    knobs: Mapping[str, Knob]
    folder: Path

    def __iter__(self) -> Iterator[Knob]:
        return iter(self.knobs.values())

    def __getitem__(self, name: str) -> Knob:
        """The row `name`; raises ProfileError with the names that are near it."""
        found = self.knobs.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self.knobs, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "`hftos lab knobs --catalogue` lists them"
            raise ProfileError(f"no knob {name!r} in the catalogue; {hint}")
        return found

    def resolve(self, profile: str, levels: Mapping[str, str] = MappingProxyType({})) -> Resolved:
        """What `profile` sets, with `levels` (knob to value, or `UNSET`) instead of its own values.

        A level may be written as the row has it or with the profile's CPUs in the place of `{isolated}`.
        Raises ProfileError for an unknown profile or knob, a value that the row does not allow, and a conflict.
        """
        isolated, housekeeping = _cpus(profile, self.folder)
        resolved = Resolved(profile, isolated, housekeeping)
        asked = {name: _as_in_the_row(self[name], level, resolved) for name, level in levels.items()}
        chosen = {knob.name: asked.get(knob.name, knob.values.get(profile, UNSET)) for knob in self}
        self._check_conflicts(chosen)
        for knob in self:
            own = knob.values.get(profile, UNSET)
            resolved.add(Setting(knob, chosen[knob.name]), changed=chosen[knob.name] != own)
        return resolved

    def _check_conflicts(self, chosen: Mapping[str, str]) -> None:
        for knob in self:
            value = chosen[knob.name]
            for conflict in knob.conflicts if value != UNSET else ():
                own, plus, other = conflict.rpartition("+")
                name, _, wanted = other.partition("=")
                given = chosen.get(name, UNSET)
                if (plus and own != f"{knob.name}={value}") or given == UNSET or (wanted and given != wanted):
                    continue
                raise ProfileError(
                    f"{knob.name} = {value!r} cannot be together with {name} = {given!r}; "
                    f'set one of them to another value, or to "{UNSET}"'
                )


def load(folder: Path = KERNEL_CONFIG) -> Catalogue:
    """The catalogue of a `kernel-config` folder, empty where there is none. Raises ProfileError for a malformed row."""
    found: dict[str, Knob] = {}
    for path in sorted((folder / "catalogue").glob("*.toml")):
        table = rows.read(path, {"concern", "knob"})
        rows.text(table, "concern", path)
        for row in table.get("knob", []):
            knob = knob_row.read(row, path)
            if knob.name in found:
                raise ProfileError(f"{path}: {knob.name} is in {found[knob.name].file}.toml too; keep one row")
            found[knob.name] = knob
    catalogue = Catalogue(found, folder)
    for knob in catalogue:
        _check_names(catalogue, knob)
    return catalogue


def _as_in_the_row(knob: Knob, level: str, resolved: Resolved) -> str:
    """The row's own text of a level, by which `shows`, `readbacks` and conflicts name it. Raises ProfileError."""
    if level in knob.allowed:
        return level
    for own in knob.allowed:
        if resolved.expand(own) == level:
            return own
    raise ProfileError(f"{knob.name} = {level!r}: must be one of {', '.join(knob.allowed)}")


def _check_names(catalogue: Catalogue, knob: Knob) -> None:
    """Raises ProfileError for a conflict that could never be one: names and values of it that no row has."""
    for conflict in knob.conflicts:
        own, plus, other = conflict.rpartition("+")
        name, _, value = other.partition("=")
        allowed = catalogue[name].allowed  # an unknown name is an error here
        unknown = value and value not in allowed
        if unknown or (plus and own not in {f"{knob.name}={level}" for level in knob.allowed}):
            raise ProfileError(
                f"{knob.file}: {knob.name}: conflicts: {conflict!r} never comes about; it must be NAME, NAME=VALUE or "
                f"{knob.name}=VALUE+NAME, with values that the rows allow"
            )


def _cpus(profile: str, folder: Path) -> tuple[str, str]:
    """The isolated and the housekeeping CPUs of a profile, as it writes them."""
    _, table = rows.profile(profile, folder)
    return str(table.get("isolated", "1-N")), str(table.get("housekeeping", "0"))
