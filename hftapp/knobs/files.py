"""Knobs that are files: written, then read back. A refused write is no error: the row says what the kernel kept."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from hftapp.knobs.readback import Reader
from hftapp.knobs.result import ABSENT, NOT_READ, UNSET, Result
from hftapp.knobs.table import Row

_CPU = "{cpu}"


def write(path: Path, value: str) -> None:
    """Write a value as `echo` does, in one call. Raises OSError, as the kernel refuses it."""
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(fd, value.encode() + b"\n")
    finally:
        os.close(fd)


@contextlib.contextmanager
def on_cpu(number: int | None) -> Iterator[None]:
    """Run the block on one CPU, where this machine has it and lets us."""
    if number is None:
        yield
        return
    before = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def places(pattern: str, isolated: Sequence[int], reader: Reader) -> list[tuple[str, int | None]]:
    """The files that a key names, each with the CPU from which it must be written.

    `{cpu}` is each isolated CPU that is online: the others, threads that `nosmt` keeps off, run nothing, and most of
    their files are not there.
    """
    cpus: Sequence[int | None] = [number for number in isolated if number in reader.online]
    found: list[tuple[str, int | None]] = []
    for number in cpus if _CPU in pattern else [None]:
        path = pattern.replace(_CPU, str(number))
        found += [(match, number) for match in (reader.matching(path) if "*" in path else [path])]
    return found


def apply(row: Row, reader: Reader, isolated: Sequence[int]) -> Result:
    """Write a row's value to each of its files."""
    path = f"/proc/sys/{row.key.replace('.', '/')}" if row.layer == "sysctl" else row.key
    refused = ""
    for place, number in places(path, isolated, reader) if row.value != UNSET else ():
        # Written from another CPU, 6.12 warns about the fair server: a run queue clock that is not up to date.
        try:
            if reader.path(place).exists():
                with on_cpu(number):
                    write(reader.path(place), row.value)
        except OSError as error:
            refused = f"write refused: {error.strerror}"
    return check(row, reader, isolated, refused)


def check(row: Row, reader: Reader, isolated: Sequence[int], refused: str = "") -> Result:
    """Read a row back. `refused`: what the kernel said to its value."""
    if not row.kind:
        return Result(row.name, row.layer, row.value, NOT_READ, True, row.reason)
    # In these a place is a pattern or a name, not a file.
    whole = row.kind in ("grep", "log", "config", "cmdline", "with", "without")
    found = [row.place] if whole else [place for place, _ in places(row.place, isolated, reader)]
    values: dict[str, str] = {}
    missing: list[str] = []
    for place in found:
        try:
            values[place] = reader.effective(row.kind, place)
        except FileNotFoundError as error:
            missing.append(str(error.filename or place).removeprefix(reader.root))
        except OSError as error:
            values[place] = f"unreadable: {error.strerror}"
    if not values:
        return _absent(row, missing[0] if missing else "")
    kind = row.compare or row.kind
    wrong = {place: value for place, value in values.items() if not reader.agree(kind, row.shows, value)}
    if _CPU in row.place:  # one of the others, which match a `*`, may have gone since
        wrong |= dict.fromkeys(missing, ABSENT)
    if row.value == UNSET or not wrong:
        effective = ", ".join(dict.fromkeys(values.values())) or "none"
        return Result(row.name, row.layer, row.value, effective, True)
    effective = next(iter(wrong.values())) or "none"
    where = f"in {', '.join(wrong)}" if len(found) > 1 else ""
    return Result(row.name, row.layer, row.value, effective, False, "; ".join(filter(None, (refused, where))))


def _absent(row: Row, missing: str) -> Result:
    if row.value == UNSET:
        return Result(row.name, row.layer, row.value, ABSENT, True, row.absent)
    why = row.absent or (f"there is no {missing}" if missing else "no file matches")
    return Result(row.name, row.layer, row.value, ABSENT, bool(row.absent), why)
