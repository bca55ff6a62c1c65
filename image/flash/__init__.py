"""Flashing: the disk image onto a disk, read back and compared; refusals first, so that no wrong disk is lost."""
