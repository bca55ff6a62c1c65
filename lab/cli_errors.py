"""What the lab's commands make of errors: one line, exit status 1."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from image.errors import ImageError
from lab.errors import LabError
from lab.lockstep.kernels import KernelError
from qemu.lock import DirectoryBusyError
from qemu.machine import MachineError
from rootfs.errors import RootfsError

P = ParamSpec("P")
R = TypeVar("R")


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Turns the project's errors into their texts."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (LabError, KernelError, ImageError, RootfsError, MachineError, DirectoryBusyError) as error:
            raise click.ClickException(str(error)) from error

    return wrapper
