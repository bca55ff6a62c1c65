"""Whether the kernel that a variant boots is in the cache; looks, and builds nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from image import buildroot, kernel, profile
from image.progress import Quiet
from lab.kernels_for import METAPACKAGES
from lab.knob_levels import Knobs
from lab.lockstep import kernels
from lab.model import Variant


class _WouldBuildError(Exception):
    """A step that something is missing for."""


class _Looking(Quiet):
    """Ends the build of what is not there at its first step."""

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Raises _WouldBuildError: only what the cache lacks is a step."""
        raise _WouldBuildError(name)
        yield  # makes it a generator, as the protocol wants


def present(variant: Variant, knobs: Knobs) -> bool:
    """Whether the variant's kernel need not be built or fetched. Raises ImageError for a malformed profile."""
    if variant.kernel != "hftos":
        return next(kernels.kept(METAPACKAGES[variant.kernel]), None) is not None
    chosen = profile.load(variant.profile, levels=knobs.complete(variant))
    try:
        kernel.ensure(buildroot.ensure(_Looking()), chosen, _Looking())
    except _WouldBuildError:
        return False
    return True
