"""The last question before a disk is erased: its serial number is to be typed, which no script has by accident."""

from collections.abc import Callable

from image.flash.device import Device
from image.flash.errors import ConfirmationError

Ask = Callable[[str], str]
"""Shows a question to a person and gives the answer."""


def confirm(device: Device, given: str | None, ask: Ask | None) -> None:
    """Return if the right words were given, or are typed now; `ask` is None where nobody can type.

    Raises ConfirmationError otherwise.
    """
    wanted = device.confirmation
    if given is None:
        if ask is None:
            raise ConfirmationError(
                f"nobody confirmed that {device.label} may be erased, and there is no terminal to ask on: "
                f"give --confirm {wanted!r} if it may"
            )
        given = ask(f"Everything on it will be lost. Type {wanted} to erase {device.path}")
    if given.strip() != wanted:
        raise ConfirmationError(
            f"{given.strip()!r} does not confirm that {device.label} may be erased, which {wanted!r} would: "
            "nothing was written"
        )
