"""What the commands of `hftos image` have in common."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from image.build import DEFAULT_PROFILE
from image.errors import ImageError
from rootfs.errors import RootfsError

P = ParamSpec("P")
R = TypeVar("R")

profile_option = click.option(
    "--profile", "name", default=DEFAULT_PROFILE, show_default=True, help="Kernel configuration and command line."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def reports_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Turns this project's errors into one message and exit status 1."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (ImageError, RootfsError) as error:
            raise click.ClickException(str(error)) from error

    return wrapper
