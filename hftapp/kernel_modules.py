"""Loads the modules that an image for somebody else's kernel carries; this project's own kernels have none.

They lie in `/modules` as `N-name.ko`, and are loaded in the order of N, so that each comes after what it needs.
"""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

FOLDER: Final = "/modules"
FINIT_MODULE: Final = 313
"""Number of finit_module(2) on x86-64."""

_libc = ctypes.CDLL(None, use_errno=True)


class ModuleError(Exception):
    """The kernel does not take a module; the text names both, and the kernel's reason."""


def load_all(folder: str | Path = FOLDER, insert: Callable[[int], None] | None = None) -> list[str]:
    """Load every module of the folder; returns their names in that order, none where there is no such folder.

    A module that the kernel has already counts as loaded. Raises ModuleError, and ValueError for another file's name.
    """
    names = []
    for path in sorted(Path(folder).glob("*.ko"), key=_number):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            (insert or _insert)(fd)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise ModuleError(f"{path} does not go into Linux {os.uname().release}: {error.strerror}") from error
        finally:
            os.close(fd)
        names.append(path.stem.partition("-")[2])
    return names


def _number(path: Path) -> int:
    number, dash, _ = path.name.partition("-")
    if not dash or not number.isdecimal():
        raise ValueError(f"{path}: modules are named N-name.ko, N being their place in the order")
    return int(number)


def _insert(fd: int) -> None:
    if _libc.syscall(ctypes.c_long(FINIT_MODULE), ctypes.c_int(fd), b"", ctypes.c_int(0)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
