"""The rows of the tuning catalogue as the image brings them: `/etc/hftos/knobs.json`, made by `image.resolved`.

`{housekeeping_mask}` and `{cpu}` in it are for the machine to fill in, which alone knows how many CPUs it has.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hftapp import cpu
from hftapp.knobs.result import UNSET

FILE: Final = "/etc/hftos/knobs.json"
HUGE_PAGE_BYTES: Final = 2 << 20
_BUFFER_BYTES = 2560
"""A packet buffer with its header, rounded up to whole cache lines (DPDK's rte_mbuf.h: 128 + 128 + 2,048 bytes)."""
_OTHER_PAGES = 16
"""For the card's rings, DPDK's own tables and what falls off at page boundaries."""


class KnobsError(ValueError):
    """The file of the catalogue's rows is not there, or none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One knob. `value` is what is asked for, `shows` what its read-back then shows, `|` between alternatives.

    `kind` and `place` say how it is read back (`image.knob.KINDS`), `compare` how the two are compared. `absent`: why
    the kernel may lack it; empty: it must be there. `reason`: why it cannot be read back.
    """

    name: str
    layer: str
    key: str
    value: str
    shows: str
    kind: str = ""
    place: str = ""
    compare: str = ""
    absent: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, and the CPUs of this machine that they are about, as the profile wants them and not as they are."""

    profile: str
    isolated: tuple[int, ...]
    housekeeping: tuple[int, ...]
    rows: tuple[Row, ...]

    def with_value(self, name: str, value: str) -> "Table":
        """The same table with a value that only the machine's configuration knows."""
        rows = [replace(row, value=value, shows=value) if row.name == name else row for row in self.rows]
        return replace(self, rows=tuple(rows))


def load(path: str | Path = FILE, cpus: str = cpu.SYSFS_CPU) -> Table:
    """The table of this machine. Raises KnobsError for a file that is missing or is none."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        present = cpu.read_list("present", cpus)
        last = max(cpu.read_list("possible", cpus), default=0)
        isolated = _of(found["isolated"], last, present)
        housekeeping = _of(found["housekeeping"], last, present) or present[:1]
        mask = cpu.format_mask(housekeeping)
        rows = tuple(_row(row, mask) for row in found["knobs"])
        return Table(str(found["profile"]), isolated, housekeeping, rows)
    except OSError as error:
        raise KnobsError(f"{path} cannot be read: {error.strerror}; the image was built without its knobs") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KnobsError(f"{path} is not the catalogue's: {error!r}; build the image again") from error


def huge_pages(frames: int) -> str:
    """The value of vm.nr_hugepages for a user-space driver whose rings hold `frames` frames."""
    return str(_OTHER_PAGES + -(-frames * _BUFFER_BYTES // HUGE_PAGE_BYTES))


def cpus_of(text: str, last: int) -> set[int]:
    """The CPUs of a list as the kernel reads it, where `N` is the last one. Raises ValueError."""
    return set(cpu.parse_list(text.replace("N", str(last))))


def _of(text: str, last: int, present: Sequence[int]) -> tuple[int, ...]:
    # On a machine with too few CPUs `1-N` is a range that runs backwards: there are none.
    return tuple(sorted(cpus_of(text, last) & set(present)))


def _row(found: object, mask: str) -> Row:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise TypeError(f"row {found!r} is no table of texts")
    row = Row(**found)
    if row.value == UNSET:
        return row
    fill = ("{housekeeping_mask}", mask)
    return replace(row, value=row.value.replace(*fill), shows=row.shows.replace(*fill))
