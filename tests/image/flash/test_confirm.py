"""Nothing is erased before its serial number was typed."""

from dataclasses import replace
from pathlib import Path

import pytest

from image.flash.confirm import confirm
from image.flash.device import Device
from image.flash.errors import ConfirmationError
from image.flash.identity import Identity

DISK = Device("/dev/sdb", Path("/dev/sdb"), "disk", name="sdb", bytes=512, identity=Identity("Ultra", "4C53", "USB"))
QUESTION = "Everything on it will be lost. Type 4C53 to erase /dev/sdb"


def test_the_serial_number_is_asked_for() -> None:
    confirm(DISK, None, {QUESTION: "4C53"}.__getitem__)


@pytest.mark.parametrize("answer", ["", "y", "yes", "4c53", "4C5", "/dev/sdb", "sdb-512"])
def test_anything_else_does_not_confirm(answer: str) -> None:
    with pytest.raises(ConfirmationError, match=r"does not confirm that /dev/sdb .Ultra. may be erased, which '4C53'"):
        confirm(DISK, None, lambda _question: answer)
    with pytest.raises(ConfirmationError, match="nothing was written"):
        confirm(DISK, answer, None)


def test_without_a_terminal_it_must_be_given() -> None:
    with pytest.raises(ConfirmationError, match="there is no terminal to ask on: give --confirm '4C53'"):
        confirm(DISK, None, None)
    confirm(DISK, " 4C53 ", None)


def test_a_disk_without_a_serial_number_is_confirmed_by_name_and_size() -> None:
    confirm(replace(DISK, identity=Identity()), "sdb-512", None)
