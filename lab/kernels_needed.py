"""Which kernels a plan boots, and which of them must be built first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from lab.knob_levels import Knobs
from lab.model import Variant

BUILD_SECONDS: Final = 480.0
"""What building a kernel takes on two cores; less where the compiler's cache has most of it."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A kernel, the variants that boot it, and whether it is there. `levels`: the compiled-in knobs that differ."""

    kernel: str
    profile: str
    levels: tuple[tuple[str, str], ...]
    variants: tuple[str, ...]
    present: bool

    def words(self) -> str:
        """As people read it: `hftos, profile qemu, hz=250`."""
        if self.kernel != "hftos":
            return self.kernel
        return ", ".join(["hftos", f"profile {self.profile}", *(f"{knob}={level}" for knob, level in self.levels)])


def needed(variants: Iterable[Variant], knobs: Knobs, present: Callable[[Variant], bool]) -> list[Needed]:
    """The kernels in the order of their first variants; `present` is asked once for each."""
    found: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Variant]] = {}
    for variant in variants:
        if variant.kernel == "hftos":
            levels = tuple(sorted((k, v) for k, v in knobs.own(variant).items() if knobs.layer(k) == "kconfig"))
            key = (variant.kernel, variant.profile, levels)
        else:
            key = (variant.kernel, "", ())  # Debian's kernels are as they are
        found.setdefault(key, []).append(variant)
    return [Needed(*key, tuple(v.name for v in group), present(group[0])) for key, group in found.items()]


def seconds(kernels: Iterable[Needed]) -> float:
    """How long it takes to build those that are not there."""
    return sum(BUILD_SECONDS for kernel in kernels if not kernel.present and kernel.kernel == "hftos")
