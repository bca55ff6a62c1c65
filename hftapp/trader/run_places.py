"""Where a run's recording and journal are: in the trader's own folder, or in the office's copy of them."""

from pathlib import Path
from typing import Final

from protocols import management_files
from protocols.management import Hello

RECORDING: Final = "recording"
OWN_JOURNAL: Final = "orders.journal"
_SESSION: Final = "[0-9a-f]" * 16


class PlaceError(Exception):
    """There is not exactly one such file; the text says where it was looked for and what to do."""


def recording_of(folder: Path) -> Path:
    """The recording of a run's folder, an office's folder, or a trader's. Raises PlaceError."""
    office = folder / "office" if (folder / "office").is_dir() else folder
    found = sorted(office.glob(f"{_SESSION}/{RECORDING}"))
    found += [path for path in (office / RECORDING, folder / RECORDING) if path.is_file()]
    found = list(dict.fromkeys(found))
    if not found:
        raise PlaceError(f"{folder} has no recording: runs are recorded with `record = true` under [host]")
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        raise PlaceError(f"{folder} has several recordings ({names}): name one")
    return found[0]


def journal_of(recording: Path) -> Path:
    """The journal that belongs to a recording. Raises PlaceError, FileError."""
    own = recording.with_name(OWN_JOURNAL)
    if own.is_file():
        return own
    live = recording.with_name(management_files.LIVE_NAME)
    if live.is_file():
        for frame in management_files.read(live):
            if isinstance(frame.message, Hello):
                name = f"{frame.message.journal:016x}"
                copy = recording.parent.parent / name / management_files.JOURNAL_NAME
                if copy.is_file():
                    return copy
                raise PlaceError(f"there is no {copy}: name the recorded run's journal with --journal")
    raise PlaceError(f"there is no {own}: name the recorded run's journal with --journal")
