"""What is counted about the trader's silence: words of the figures' group `silence`.

Allocations are calls of Python's own allocators (malloc, calloc and realloc in all three domains: raw, mem, obj), from
the start of the filter on. Objects that come from a type's free list are not among them, nor what C code gets from the
C library directly; the latter shows in `heap_used`.
"""

from typing import Final

GROUP: Final = "silence"
NAMES: Final = (
    "handling",
    "allocations",
    "allocations_on_path",
    "call_trapped",
    "installed",
    "collections",
    "heap_start",
    "heap_used",
    "arenas_left",
)
"""In order: the flag that the loop sets while it handles a tick; calls of the allocators, all and those while it was
set; 1 + number of the system call that the filter refused; whether the filter is on; garbage collections; bytes in use
in the C library's heap when it was put on and at the end; blocks of 1 MiB that Python's small objects have left."""

HANDLING: Final = NAMES.index("handling")
ALLOCATIONS: Final = NAMES.index("allocations")
ON_PATH: Final = NAMES.index("allocations_on_path")
TRAPPED: Final = NAMES.index("call_trapped")
INSTALLED: Final = NAMES.index("installed")
COLLECTIONS: Final = NAMES.index("collections")
HEAP_START: Final = NAMES.index("heap_start")
HEAP_USED: Final = NAMES.index("heap_used")
ARENAS_LEFT: Final = NAMES.index("arenas_left")
