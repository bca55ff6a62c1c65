"""Files of the management stream in a run's folder, and the numbers that their frames have in the store.

| Bits of a number | What |
|---|---|
| 0 to 47 | the frame's own number in its file |
| 48 to 55 | which file of its login, in the order in which they were begun |
| from 56 on | which login, likewise; 0 in the live stream |

A login is one session of the exchange, in which UserRefNums count from 1: only with `login_of` do venue and UserRefNum
name an order. A trader that starts again wants its login's messages from the first one on (`hftapp.trader.session`), so
the first message received from a venue tells whether a journal goes on with the login of an earlier one.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from protocols.management import IN, Frame, JournalRecord
from protocols.management_files import JOURNAL_NAME, LIVE_NAME, FileError, read
from store.errors import StoreError

FILE_SHIFT: Final = 48
LOGIN_SHIFT: Final = 56
MOST_FILES: Final = 1 << LOGIN_SHIFT - FILE_SHIFT
MOST_LOGINS: Final = 1 << 63 - LOGIN_SHIFT
"""So numbers fit 63 bits, as the analytics have them."""
_DIGITS: Final = 16


class Segment(NamedTuple):
    """A file of the stream: its session or journal, when its first frame was made (ns), the file, what to add to its
    frames' numbers so that they are unique in the run."""

    of: int
    began: int
    path: Path
    base: int

    def frames(self) -> Iterator[Frame]:
        """What the file holds. StoreError when it is damaged."""
        try:
            yield from read(self.path)
        except FileError as error:
            raise StoreError(str(error)) from error


def login_of(number: int) -> int:
    """Which login of the run a row's number belongs to."""
    return number >> LOGIN_SHIFT


def live(office: Path) -> tuple[Segment, ...]:
    """The live streams of an office's folder, in the order in which they were begun. StoreError."""
    files = enumerate(_files(office, LIVE_NAME))
    return tuple(segment._replace(base=place << FILE_SHIFT) for place, segment in files)


def journals(office: Path, ended: bool) -> tuple[Segment, ...]:
    """The journals of an office's folder, login by login. StoreError.

    The last one waits as long as it has nothing of the exchange: which login it is of is not known yet.
    """
    files = _files(office, JOURNAL_NAME)
    logins: list[list[Segment]] = []
    firsts: list[dict[int, bytes]] = []
    for place, segment in enumerate(files):
        heard = _first_heard(segment) if len(files) > 1 else {}
        if place and not heard:
            if place == len(files) - 1 and not ended:
                break
            logins[-1].append(segment)
            continue
        same = [number for number, first in enumerate(firsts) if _same(first, heard)]
        if same:
            logins[same[0]].append(segment)
            firsts[same[0]] = {**heard, **firsts[same[0]]}
        else:
            logins.append([segment])
            firsts.append(heard)
    return _numbered(logins)


def _same(first: Mapping[int, bytes], heard: Mapping[int, bytes]) -> bool:
    return any(first.get(venue) == message for venue, message in heard.items())


def _first_heard(segment: Segment) -> dict[int, bytes]:
    """The first message that a journal has from each venue."""
    found: dict[int, bytes] = {}
    for frame in segment.frames():
        if isinstance(frame.message, JournalRecord) and frame.message.kind == IN:
            found.setdefault(frame.message.venue, frame.message.body)
    return found


def _numbered(logins: list[list[Segment]]) -> tuple[Segment, ...]:
    files = max((len(login) for login in logins), default=0)
    if len(logins) > MOST_LOGINS or files > MOST_FILES:
        raise StoreError(
            f"journals of {len(logins)} logins, up to {files} of one, are more than a run can have ({MOST_LOGINS} and "
            f"{MOST_FILES}): move some of their folders into another folder and load it by itself"
        )
    return tuple(
        segment._replace(base=(login << LOGIN_SHIFT) + (place << FILE_SHIFT))
        for login, group in enumerate(logins)
        for place, segment in enumerate(group)
    )


def _files(office: Path, name: str) -> list[Segment]:
    paths = office.glob(f"{'[0-9a-f]' * _DIGITS}/{name}")
    unopened = [Segment(int(path.parent.name, 16), 0, path, 0) for path in paths]
    found = [each._replace(began=next((frame.time for frame in each.frames()), 0)) for each in unopened]
    return sorted((each for each in found if each.began), key=lambda each: (each.began, each.of))
