"""What can go wrong while a disk is flashed. Every message names the value and the remedy."""

from image.errors import ImageError


class FlashError(ImageError):
    """Base of this package's errors."""


class SourceError(FlashError):
    """The disk image is missing, damaged, or not the one its manifest describes."""


class TableError(FlashError):
    """There is no valid GUID partition table where one is looked for."""


class ConfirmationError(FlashError):
    """Nobody has typed what would confirm that the disk may be erased."""


class TargetChangedError(FlashError):
    """The device is not the one that was inspected, or somebody has it open exclusively."""


class DifferenceError(FlashError):
    """What was read back from the disk is not what was written."""
