"""`hftos config`: the configuration on a disk, a disk image or an EFI system partition, without a build."""
