"""What a variant boots: a kernel, the words of its command line, the files that its initramfs gets besides.

This project's kernel has its profile's knobs, changed by the variant's levels. Debian's kernels are as Debian builds
them, and are told only what the variant names: nothing of any profile.
"""

import functools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from image import build as image_build
from image import buildroot, cache, catalogue, kernel, profile
from image.resolved import GUEST_FILE
from lab import knob_levels, scratch
from lab.lockstep import kernels
from lab.model import Result, Variant
from rootfs import cpio

METAPACKAGES: Final[Mapping[str, str]] = {"debian": "linux-image-amd64", "debian-rt": "linux-image-rt-amd64"}
PLAIN: Final = ("console=ttyS0", "quiet", "panic=-1")
"""What Debian's kernels are always told: where to write, and little of it; to end the machine when they fail."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Booted:
    """A kernel to boot. `words`: its command line up to `--`; `init`: the arguments of `/init`.

    `files`: what is put over the initramfs; `machine`: what a result says of it. `probe`: the kernel by which the
    accelerator is found, the same for all variants of a profile; `notes`: what is to be said in its results.
    """

    image: Path
    probe: Path
    initramfs: Path
    words: tuple[str, ...]
    init: tuple[str, ...]
    files: tuple[cpio.Entry, ...]
    machine: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def tolerant(word: str) -> str:
    """A word of a command line such that a kernel that does not know it hands `/init` no argument.

    A word without a value becomes an argument there, and the interpreter would take it for its program; one with a
    value becomes a variable of the environment, which it ignores (init/main.c, `unknown_bootoption`). Kernels that know
    the word take `word=` as they take `word`. One with a dot is a module's, and passed on to nobody.
    """
    return word if "=" in word or "." in word else f"{word}="


class Saying:
    """Reports the steps of a build as news of a run."""

    def __init__(self, say: Say) -> None:
        self.steps_run: list[str] = []
        self._say = say

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Says the step, and each further tenth of it."""
        self.steps_run.append(name)
        self._say(name)
        tenth = 0

        def update(done: int, total: int) -> None:
            nonlocal tenth
            if total and done * 10 // total > tenth:
                tenth = done * 10 // total
                self._say(f"{name}: {done:,} of {total:,}")

        yield update

    def notice(self, text: str) -> None:
        """Says it."""
        self._say(text)


def ensure(variant: Variant, say: Say = lambda _: None) -> Booted:
    """What a variant boots, built or fetched if it is not there.

    Raises ImageError, RootfsError or KernelError with the remedy.
    """
    known = knob_levels.load()
    wanted = known.complete(known.spelled_out(variant))
    resolved = catalogue.load().resolve(variant.profile, wanted)
    chosen = profile.load(variant.profile, levels=wanted)
    own = variant.kernel == "hftos"
    built = _image(variant.profile, say)
    files = [cpio.file(GUEST_FILE, resolved.guest_file(kconfig=own))]
    facts = {"kernel": variant.kernel, "profile": variant.profile, "initramfs_sha256": _hash(built.initramfs)}
    # Those of the profile too: all variants are told the same words in the same way.
    words = tuple(tolerant(parameter.text) for parameter in chosen.parameters)
    image = built.kernel
    notes: tuple[str, ...] = ()
    if not own:
        found = debian(variant.kernel, say)
        image = found.image
        words = (*PLAIN, *(tolerant(p.text) for p in resolved.parameters if p.text not in PLAIN))
        files += [cpio.file(f"modules/{path.name}", path.read_bytes()) for path in found.modules]
        facts["package"] = found.package
        notes = (found.note,) if found.note else ()
    elif resolved.rebuild:
        reporter = Saying(say)
        image = kernel.ensure(buildroot.ensure(reporter), chosen, reporter).image
    init = tuple(argument.text for argument in chosen.init)
    facts["kernel_sha256"] = _hash(image)
    return Booted(image, built.kernel, built.initramfs, words, init, tuple(files), facts, notes)


@dataclass(frozen=True, slots=True)
class _Image:
    """A profile's kernel and initramfs, in files that nobody else writes."""

    kernel: Path
    initramfs: Path


_images: dict[str, _Image] = {}
_debian: dict[str, kernels.DebianKernel] = {}
_preferred: dict[str, str] = {}


def _image(name: str, say: Say) -> _Image:
    """The profile's image; built and copied once in a process: an experiment's guests all run the same program,
    whatever is built into the same folder meanwhile."""
    if name not in _images:
        built = image_build.build(name, Saying(say))
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=scratch.of_process())
        copies = [Path(shutil.copy(path, folder)) for path in (built.kernel, built.initramfs)]
        _images[name] = _Image(*copies)
    return _images[name]


def packages(results: Sequence[Result]) -> dict[str, str]:
    """The packages that most results are of, by the names in `METAPACKAGES`; no kernel that no result is of."""
    seen: dict[str, Counter[str]] = {}
    for result in results:
        if package := result.machine.get("package"):
            seen.setdefault(result.run.variant.kernel, Counter())[str(package)] += 1
    return {kernel: found.most_common(1)[0][0] for kernel, found in seen.items()}


def prefer(wanted: Mapping[str, str]) -> None:
    """From now on take these packages of Debian's kernels (`packages`), where they were kept: what is added to results
    is to be of the same kernel."""
    _preferred.clear()
    _preferred.update(wanted)


def debian(name: str, say: Say) -> kernels.DebianKernel:
    """A kernel of Debian's by its name in `METAPACKAGES`; asked for once in a process. Raises KernelError."""
    if name not in _debian:
        say(f"kernel {METAPACKAGES[name]}")
        _debian[name] = kernels.ensure(METAPACKAGES[name], _preferred.get(name, ""), say)
    return _debian[name]


@functools.cache
def _hash(path: Path) -> str:
    return cache.hash_file(path)
