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


def build_command(profile: str) -> str:
    """The command that builds the image of a profile, for messages."""
    return "hftos image build" + ("" if profile == DEFAULT_PROFILE else f" --profile {profile}")


def reporting(*kinds: type[Exception]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turns errors of these kinds into one message, their text, and exit status 1."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except kinds as error:
                raise click.ClickException(str(error)) from error

        return wrapper

    return decorate


reports_errors = reporting(ImageError, RootfsError)
"""For the commands of `hftos image`."""
