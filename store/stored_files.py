"""Whether the store has a run's files under the name and the numbers that they would be loaded with now.

Both follow from the order in which the files were begun, by the server's clock. A file that is added later and was
begun earlier would change them, and the rows would be loaded again under others.
"""

from typing import Final

from store.client import Store
from store.errors import StoreError
from store.run_folder import RunFolder
from store.schema import DATABASE
from store.segments import FILE_SHIFT, Segment
from store.tables import COUNTERS, DECISIONS, ORDERS, POSITIONS, STATES

_JOURNALS: Final = (ORDERS.name, DECISIONS.name)
_LIVE: Final = (STATES.name, POSITIONS.name, COUNTERS.name)


def check(store: Store, folder: RunFolder, *, named: bool) -> None:
    """StoreError when the files have other numbers in the store or, unless the run was `named`, another run."""
    if not named:
        _check_name(store, folder)
    for files, tables in ((folder.journals, _JOURNALS), (folder.live, _LIVE)):
        by_base = {segment.base: segment for segment in files}
        for number, time in _firsts(store, folder.run, tables) if files else ():
            segment = by_base.get(number >> FILE_SHIFT << FILE_SHIFT)
            if segment is None or _time_of(segment, number - segment.base) not in (None, time):
                raise StoreError(
                    f"run {folder.run} was loaded when the files of {folder.path} had other numbers: {_WHY}. "
                    f"{_remedy(folder.run)}"
                )


_WHY: Final = "a file was added or taken away since, or an earlier version numbered them otherwise"


def _remedy(run: str) -> str:
    return f"`hftos store forget {run}`, and load it anew; or load it under another name with --run"


def _check_name(store: Store, folder: RunFolder) -> None:
    ours = tuple(f"-{segment.of:016x}" for segment in (*folder.live, *folder.journals))
    others = [run for run in store.runs() if ours and run.endswith(ours) and run != folder.run]
    if others:
        raise StoreError(
            f"files of {folder.path} are in the store as run {others[0]}, and would be loaded again as {folder.run}: "
            f"{_WHY}. {_remedy(others[0])}"
        )


def _firsts(store: Store, run: str, tables: tuple[str, ...]) -> list[tuple[int, int]]:
    """The lowest number that the store has of each file, and its time in ns."""
    parts = (f"SELECT number, t FROM {DATABASE}.{table} WHERE run = {{run:String}}" for table in tables)
    sql = (
        f"SELECT min(number), toUnixTimestamp64Nano(argMin(t, number)) FROM ({' UNION ALL '.join(parts)}) "
        f"GROUP BY bitShiftRight(number, {FILE_SHIFT}) ORDER BY 1"
    )
    return [(int(number), int(time)) for number, time in store.rows(sql, {"run": run})]


def _time_of(segment: Segment, number: int) -> int | None:
    """When a file's frame was made; None when it is not there, or not yet."""
    return next((frame.time for frame in segment.frames() if frame.number == number), None)
