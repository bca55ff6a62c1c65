"""A partition whose machine loses power in the middle of a change."""

from collections.abc import Callable
from pathlib import Path

from image.esp import FolderEsp


class PowerFailure(Exception):
    """The machine that makes the change stops."""


class FailingEsp(FolderEsp):
    """A partition whose machine loses power before change number `last`; a write under way leaves half a file."""

    def __init__(self, folder: Path, last: int) -> None:
        super().__init__(folder)
        self.left = last

    def write(self, path: str, data: bytes) -> None:
        if not self.left:
            super().write(path, data[: len(data) // 2])
        self._step(lambda: super(FailingEsp, self).write(path, data))

    def rename(self, old: str, new: str) -> None:
        assert not (self._folder / new).exists()
        self._step(lambda: super(FailingEsp, self).rename(old, new))

    def remove(self, path: str) -> None:
        self._step(lambda: super(FailingEsp, self).remove(path))

    def _step(self, change: Callable[[], None]) -> None:
        if not self.left:
            raise PowerFailure
        self.left -= 1
        change()
