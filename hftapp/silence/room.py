"""How much memory a silent trader takes at its start: what is configured, or what a small machine can spare.

It is all touched at once, and what a machine does not have it would be killed for. KEPT stays free: 2 MiB that the C
library takes more than it is asked for and that the stack gets, 2 MiB of the kernel's, and the rest for the supervisor.
"""

from pathlib import Path
from typing import NamedTuple

from hftapp.silence import heap
from hftapp.silence.heap import HeapError

MEBI = 1 << 20
KEPT = 7 * MEBI
LEAST = 4 * MEBI
"""Two strategies use 1.6 MiB in the first seconds, and little after that."""


class Room(NamedTuple):
    """Blocks of 1 MiB for Python's small objects, and bytes for everything else."""

    arenas: int
    headroom: int

    def words(self, headroom: int) -> str:
        """What is less than the configured `headroom`, for the trader's first line; "" for nothing."""
        if self.headroom == headroom:
            return ""
        own, asked = self.headroom // MEBI, headroom // MEBI
        return f"; {own} MiB instead of headroom_mb = {asked}: the machine has no more memory"


class Free(NamedTuple):
    """Bytes that can be had without taking them from somebody, and those in huge pages that nobody has taken."""

    memory: int
    huge: int = 0


def free(meminfo: Path = Path("/proc/meminfo")) -> Free:
    """What the machine has left (proc(5))."""
    rows = {words[0]: int(words[1]) for words in map(str.split, meminfo.read_text(encoding="ascii").splitlines())}
    huge = rows.get("HugePages_Free:", 0) - rows.get("HugePages_Rsvd:", 0)
    return Free(rows["MemAvailable:"] << 10, huge * rows.get("Hugepagesize:", 0) << 10)


def plan(headroom: int, left: Free, *, pooled: bool = False, arenas: int = heap.ARENAS) -> Room:
    """The room of a trader that is to have `headroom` bytes, on a machine that has so much `left`.

    `pooled`: the pool of the arenas is there already. A machine with too little memory gives both parts the same share
    of what they want. Raises HeapError below `LEAST`.
    """
    ordinary = 0 if pooled or left.huge >= arenas * heap.BLOCK else arenas
    spare, wanted = left.memory - KEPT, ordinary * heap.BLOCK + headroom
    if spare >= wanted:
        return Room(arenas, headroom)
    if spare < min(LEAST, wanted):
        raise HeapError(
            f"{left.memory // MEBI} MiB of memory are free, a silent trader needs {(KEPT + LEAST) // MEBI} MiB: "
            "give the machine more, or set cpu.silence = false"
        )
    blocks = max(ordinary * spare // wanted, 1) if ordinary else arenas
    return Room(blocks, min(headroom, spare - (blocks * heap.BLOCK if ordinary else 0)))
