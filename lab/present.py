"""Whether the kernel that a variant boots is in the cache; looks, and builds nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from image import buildroot, cache, kernel, profile
from image.progress import Quiet
from lab.knob_levels import Knobs
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
        return any(_is_kind(path.read_text(encoding="utf-8"), variant.kernel) for path in _debian_packages())
    chosen = profile.load(variant.profile, levels=knobs.complete(variant))
    try:
        kernel.ensure(buildroot.ensure(_Looking()), chosen, _Looking())
    except _WouldBuildError:
        return False
    return True


def _debian_packages() -> Iterator[Path]:
    return cache.root().glob("debian-kernel/*/package")


def _is_kind(package: str, name: str) -> bool:
    return ("-rt-" in package) == (name == "debian-rt")
