"""Folders for what is needed while this process lives. They hold kernels, so they go when it is killed as well."""

import atexit
import contextlib
import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from qemu.children import Keeper

PREFIX: Final = "hftos-lab-"


@contextmanager
def folder(prefix: str = PREFIX) -> Iterator[Path]:
    """A new folder, which is removed at the end of the context."""
    _keeper()  # before there is something to keep
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        _remove_at_the_end(name)
        yield Path(name)


@functools.cache
def of_process() -> Path:
    """The one folder that lasts as long as this process."""
    _keeper()
    name = tempfile.mkdtemp(prefix=PREFIX)
    _remove_at_the_end(name)
    return Path(name)


def _remove_at_the_end(name: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # somebody killed the keeper: nobody is left to clean up after a kill
        _keeper().remove(Path(name))


@functools.cache
def _keeper() -> Keeper:
    """The process's own: at its end, of whichever kind, what is left of the folders is removed."""
    keeper = Keeper()
    atexit.register(keeper.let_act)
    return keeper
