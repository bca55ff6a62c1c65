"""What became of a knob."""

from collections.abc import Iterable
from typing import Final, NamedTuple

UNSET: Final = "unset"
ABSENT: Final = "absent"
NOT_APPLICABLE: Final = "not applicable"
NOT_READ: Final = "not read back"


class Result(NamedTuple):
    """One row: the value asked for, the value read back, whether they agree, and what explains the difference.

    `requested` is `UNSET` for a knob that is left alone; `effective` then only informs, and `ok` is true.
    """

    name: str
    layer: str
    requested: str
    effective: str
    ok: bool
    reason: str = ""

    def record(self) -> dict[str, object]:
        """The row of the boot record."""
        return self._asdict()

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"{self.name} (requested {self.requested}, effective {self.effective}{why})"


def summary(results: Iterable[Result]) -> str:
    """How many knobs have their value, are for something this machine does not have, and do not have their value."""
    rows = [row for row in results if row.requested != UNSET]
    failed = sum(not row.ok for row in rows)
    absent = sum(row.ok and row.effective in (ABSENT, NOT_APPLICABLE) for row in rows)
    return f"{len(rows) - absent - failed} set, {absent} absent, {failed} failed"


def self_check(results: Iterable[Result]) -> str:
    """What is wrong, by name; empty when every knob has its value."""
    failed = [str(row) for row in results if not row.ok]
    return f"self-check failed: {'; '.join(failed)}" if failed else ""
