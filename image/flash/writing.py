"""Writes the image, reads it back and compares; the partition table comes last.

Until everything else is on the disk and compared, there is no table on it: a disk whose flashing was interrupted, or
that does not keep what is written, boots nothing instead of half an image.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from image.flash.errors import DifferenceError
from image.flash.layout import WIPED, Layout
from image.flash.units import MIB

_ZERO_RUN = 64 * MIB
"""At most this much is zeroed by one command, so that a Ctrl-C need not wait for a slow disk."""

STATES = {
    "untouched": "nothing was written",
    "erasing": "its partition table may be gone, and nothing of the image is on it: flash it again",
    "erased": "it has no partition table and only a part of the image, so that it boots nothing: flash it again",
    "different": "it has no partition table, so that it boots nothing, and does not keep what is written: replace it",
    "tables": "the image is on it and was compared, but its partition table may be incomplete: flash it again",
    "done": "it is flashed and was compared",
}
"""What is on the disk when the flashing ends there."""


class Target(Protocol):
    """What is written to: see `image.flash.medium.Medium`."""

    size: int

    def write(self, at: int, content: bytes) -> None:
        """Write all of it."""

    def zero(self, at: int, length: int) -> None:
        """Write zeros."""

    def sync(self) -> None:
        """Wait for the medium."""

    def read(self, at: int, length: int) -> bytes:
        """Read from the medium."""


Step = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Announces a step; the result takes (done, total) in bytes."""


@dataclass(slots=True)
class Outcome:
    """How far it came: a key of `STATES`, and bytes."""

    state: str = "untouched"
    written_bytes: int = 0
    zeroed_bytes: int = 0
    compared_bytes: int = 0

    @property
    def words(self) -> str:
        """The state as a sentence."""
        return STATES[self.state]

    def as_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self)


def flash(target: Target, layout: Layout, step: Step, outcome: Outcome) -> None:
    """Write, compare, write the tables, compare; `outcome` is kept up to date, whatever happens.

    Raises DifferenceError when the disk has not what was written, SourceError when the image was changed meanwhile,
    OSError when the disk refuses.
    """
    outcome.state = "erasing"  # until that is on the medium: a disk may refuse the first write
    _erase_tables(target, layout)
    outcome.state = "erased"
    with step("writing") as update:
        _write(target, layout, update, outcome)
        target.sync()
    with step("comparing") as update:
        _compare(target, list(layout.chunks()), layout.body, update, outcome)
    layout.check_source()  # what was compared is what the file had, not what it should have had
    outcome.state = "tables"
    _write_tables(target, layout, outcome)
    with step("comparing the tables") as update:
        try:
            _compare(target, list(layout.table_chunks()), layout.final, update, outcome)
        except DifferenceError:
            outcome.state = "tables"  # until they are gone, which the disk may refuse
            _erase_tables(target, layout)
            outcome.state = "different"
            raise
    outcome.state = "done"


def _erase_tables(target: Target, layout: Layout) -> None:
    """Both ends first: whatever the disk was, it is no longer."""
    target.zero(0, min(WIPED, layout.size))
    last = max(0, layout.size - WIPED)
    target.zero(last, layout.size - last)
    target.sync()


def _write(target: Target, layout: Layout, update: Callable[[int, int], None], outcome: Outcome) -> None:
    done, total = 0, layout.total
    zeros: list[int] = []  # where a run of zeros begins, and how long it is

    def end_run() -> None:
        if zeros:
            target.zero(*zeros)
            outcome.zeroed_bytes += zeros[1]
            zeros.clear()

    for at, length in layout.chunks():
        content = layout.body(at, length)
        if content != bytes(length):
            end_run()
            target.write(at, content)
            outcome.written_bytes += length
        elif zeros and sum(zeros) == at and zeros[1] < _ZERO_RUN:
            zeros[1] += length
        else:
            end_run()
            zeros[:] = [at, length]
        done += length
        update(done, total)
    end_run()


def _write_tables(target: Target, layout: Layout, outcome: Outcome) -> None:
    """The copy at the end, and when that is on the medium, the first one, which firmware looks at."""
    for overlay in (layout.tail, layout.head):
        target.write(overlay.at, overlay.content)
        outcome.written_bytes += len(overlay.content)
        target.sync()


def _compare(
    target: Target,
    chunks: list[tuple[int, int]],
    expected: Callable[[int, int], bytes],
    update: Callable[[int, int], None],
    outcome: Outcome,
) -> None:
    done, total = 0, sum(length for _, length in chunks)
    for at, length in chunks:
        wanted, found = expected(at, length), target.read(at, length)
        if found != wanted:
            outcome.state = "different"
            raise DifferenceError(_difference(at, wanted, found))
        done += length
        outcome.compared_bytes += length
        update(done, total)


def _difference(at: int, wanted: bytes, found: bytes) -> str:
    """Where the first byte differs, and how many do."""
    if len(found) < len(wanted):
        return f"nothing can be read from byte {at + len(found)} on: the disk is shorter than it says"
    differing = [index for index, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other]
    first = differing[0]
    return (
        f"byte {at + first} was written as 0x{wanted[first]:02x} and is read as 0x{found[first]:02x}, "
        f"{len(differing)} of {len(wanted)} bytes there differ"
    )
