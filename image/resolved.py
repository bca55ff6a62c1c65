"""The catalogue's rows with a value each: as Kconfig requests, as boot parameters, and as the file for the guest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from image.rows import Parameter, Symbol

if TYPE_CHECKING:
    from image.catalogue import Knob

UNSET: Final = "unset"
"""The level that leaves a knob alone, whatever the profile says."""
BOOT_SET: Final = "set"
GUEST_FILE: Final = "etc/hftos/knobs.json"
"""Where the guest file lies in the initramfs."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A row and its value, `UNSET` for one that is left alone."""

    knob: Knob
    value: str


@dataclass(slots=True)
class Resolved:
    """All rows with their values. `isolated` and `housekeeping` are lists of CPUs as the kernel reads them, where `N`
    is the last CPU. `rebuild`: a kernel of its own is needed, because a level differs from the profile's."""

    profile: str
    isolated: str
    housekeeping: str
    settings: list[Setting] = field(default_factory=list)
    rebuild: bool = False

    def add(self, setting: Setting, *, changed: bool) -> None:
        """Take a row in; `changed`: the value is not the profile's own."""
        self.settings.append(setting)
        self.rebuild |= changed and setting.knob.rebuild

    def expand(self, value: str) -> str:
        """A value with the CPUs' lists in place; masks and single CPUs are the guest's to fill in."""
        return value.replace("{isolated}", self.isolated).replace("{housekeeping}", self.housekeeping)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What is requested of Kconfig."""
        return tuple(
            Symbol(name, "y" if knob.choices else value, knob.why, knob.file)
            for knob, value in self._set("kconfig")
            for name in (knob.choices.get(value, knob.key), *(knob.parts if value == "y" else ()))
        )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The words of the kernel's command line."""
        return tuple(
            Parameter(knob.key if value == BOOT_SET else f"{knob.key}={self.expand(value)}", knob.why)
            for knob, value in self._set("boot")
        )

    def guest_file(self, *, kconfig: bool = True) -> bytes:
        """The JSON file for PID 1: every row with its value, how to apply it and how to read it back.

        `kconfig`: False leaves the kernel's configuration out, for a kernel that is not built here.
        """
        rows = [self._row(s) for s in self.settings if kconfig or s.knob.layer != "kconfig"]
        table = {"profile": self.profile, "isolated": self.isolated, "housekeeping": self.housekeeping, "knobs": rows}
        return json.dumps(table, indent=0, ensure_ascii=False).encode() + b"\n"

    def _set(self, layer: str) -> list[tuple[Knob, str]]:
        return [(s.knob, s.value) for s in self.settings if s.knob.layer == layer and s.value != UNSET]

    def _row(self, setting: Setting) -> dict[str, object]:
        knob, value = setting.knob, setting.value
        kind, _, place = knob.readbacks.get(value, knob.readback).partition(":")
        shown = knob.choices.get(value, knob.shows.get(value, value))
        if knob.choices:
            place = "|".join(knob.choices.values())
        if knob.parts:
            place = "+".join((knob.key, *knob.parts))
        row: dict[str, object] = {
            "name": knob.name,
            "layer": knob.layer,
            "key": knob.key,
            "value": self.expand(value),
            "shows": self.expand(shown),
            "kind": kind,
            "place": place,
        }
        compare = "" if value in knob.readbacks else knob.compare
        optional = {"compare": compare, "absent": knob.absent, "reason": knob.not_readable}
        return row | {name: text for name, text in optional.items() if text}
