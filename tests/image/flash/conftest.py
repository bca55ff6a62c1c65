"""An image to flash, and a file to flash it to."""

from pathlib import Path

import pytest

from tests.image.flash.disk_maker import write_image
from tests.image.flash.host_maker import Machine


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A disk image of 6 MiB with its manifest."""
    return write_image(tmp_path / "build")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file of 16 MiB that stands for a disk, full of what was there before."""
    path = tmp_path / "target"
    path.write_bytes(b"old data" * (2 << 20))
    return path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without disks."""
    return Machine(tmp_path / "machine")
