"""What the catalogue says about the levels that variants ask for."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from image import catalogue as catalogues
from image.catalogue import UNSET, Catalogue
from image.errors import ProfileError
from lab.errors import ExperimentError
from lab.model import Variant
from lab.table import nearest

ALL: Final = "*"
"""In an experiment's levels: every knob that the profile sets, but for those that are compiled in."""
OWN_KERNEL: Final = "hftos"


class Knobs:
    """The catalogue, asked by names and levels."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def check_levels(self, levels: Mapping[str, str], place: str) -> None:
        """Raises ExperimentError for a knob or a level that the catalogue does not have, with those it has."""
        for knob, level in levels.items():
            if knob == ALL and level == UNSET:
                continue
            if knob == ALL:
                raise ExperimentError(f'{place}: "{ALL}" = {level!r}: all knobs can only be "{UNSET}"')
            if knob not in self._catalogue.knobs:
                raise ExperimentError(f"{place}: no knob {knob!r}{nearest(knob, self._catalogue.knobs)}")
            row = self._catalogue[knob]
            if level not in row.allowed:
                raise ExperimentError(
                    f"{place}: {knob} = {level!r}: must be one of {', '.join(map(repr, row.allowed))}; to try another, "
                    f"add it to `levels` of its row in kernel-config/{row.file}.toml"
                )

    def spelled_out(self, variant: Variant) -> Variant:
        """The variant with `ALL` in its levels replaced by the knobs of its profile but those of the build."""
        if ALL not in variant.levels:
            return variant
        own = (knob for knob in self._catalogue if knob.layer != "kconfig")
        unset = {knob.name: UNSET for knob in own if self._start(knob.name, variant) != UNSET}
        named = {knob: level for knob, level in variant.levels.items() if knob != ALL}
        return replace(variant, levels=unset | named)

    def level(self, knob: str, variant: Variant) -> str:
        """A knob's level in a variant."""
        return variant.levels.get(knob, self._start(knob, variant))

    def own(self, variant: Variant) -> dict[str, str]:
        """The variant's levels without those that it has anyway."""
        return {knob: level for knob, level in variant.levels.items() if level != self._start(knob, variant)}

    def changes(self, reference: Variant, variant: Variant) -> dict[str, str]:
        """The levels of a variant that differ from those of another one, by knob."""
        names = dict.fromkeys([*reference.levels, *variant.levels])
        mine = {name: self.level(name, variant) for name in names}
        return {name: level for name, level in mine.items() if level != self.level(name, reference)}

    def complete(self, variant: Variant) -> dict[str, str]:
        """What the catalogue is asked for: a foreign kernel has nothing of the profile but what the variant names."""
        if variant.kernel == OWN_KERNEL:
            return dict(variant.levels)
        return dict.fromkeys(self._catalogue.knobs, UNSET) | dict(variant.levels)

    def refusal(self, variant: Variant) -> str:
        """Why a variant cannot be booted, naming the knobs that contradict each other; empty when it can."""
        built = [name for name, level in self.own(variant).items() if self.layer(name) == "kconfig" and level != UNSET]
        if built and variant.kernel != OWN_KERNEL:
            return (
                f"{built[0]} = {variant.levels[built[0]]!r} is compiled in, and the kernel {variant.kernel} is booted "
                f'as it is: set {built[0]} to "{UNSET}" there, or take the kernel {OWN_KERNEL}'
            )
        try:
            self._catalogue.resolve(variant.profile, self.complete(variant))
        except ProfileError as error:
            return str(error)
        return ""

    def layer(self, knob: str) -> str:
        """The layer that a knob is set in."""
        return self._catalogue[knob].layer

    def _start(self, knob: str, variant: Variant) -> str:
        """A knob's level where the variant does not name it."""
        if variant.kernel != OWN_KERNEL:
            return UNSET
        return self._catalogue[knob].values.get(variant.profile, UNSET)


@cache
def load() -> Knobs:
    """The project's catalogue."""
    return Knobs(catalogues.load())
