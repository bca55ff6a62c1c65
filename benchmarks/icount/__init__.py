"""Guest instructions from a tick to the order, counted by QEMU: the image and its peers in one harness."""
