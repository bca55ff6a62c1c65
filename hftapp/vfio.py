"""Hands a PCI device to user space: binds it to vfio-pci, and gives it back (kernel documentation, "VFIO").

A device leaves the kernel only together with the others of its IOMMU group, because the IOMMU cannot tell them apart.
Without an IOMMU its DMA can reach all of memory: that is refused unless it was asked for.

The kernel's files are below `root`, so that a test can lay out its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from hftapp import console
from hftapp.nic.port import PortError

DRIVER = "vfio-pci"
DEVICES = "sys/bus/pci/devices"
NOIOMMU = "sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
_BRIDGE = "0x0604"
"""Class of a PCI-to-PCI bridge, which may stay with the kernel (PCI Code and ID Assignment, base class 06h)."""
_HARMLESS = ("", DRIVER, "pcieport", "pci-stub")
SHARED = ("mlx5_core",)
"""Kernel drivers that keep the card and give DPDK's driver queues of it (DPDK guide, "Bifurcated Driver")."""


class Binding:
    """A device in user space's hands.

    `iova`: which addresses its DMA uses, "va" (through an IOMMU) or "pa"; `previous`: the driver it goes back to.
    """

    def __init__(self, device: str, iova: str, previous: str, root: Path) -> None:
        self.device = device
        self.iova = iova
        self.previous = previous
        self._root = root

    def release(self) -> None:
        """Give the device back to the driver it had; once more does nothing."""
        if not self.previous:
            return
        self.previous = ""
        folder = self._root / DEVICES / self.device
        with contextlib.suppress(OSError):  # the machine is about to end, or the device is gone: nothing to save
            _write(folder / "driver_override", "\n")
            _write(folder / "driver/unbind", self.device)
            _write(self._root / "sys/bus/pci/drivers_probe", self.device)


def bind(
    device: str, *, noiommu: bool = False, root: Path = Path("/"), say: Callable[[str], None] = console.say
) -> Binding:
    """Bind the device at a PCI address to vfio-pci and return what gives it back.

    A card whose kernel driver is one of `SHARED` stays with it: the kernel translates its addresses.
    `noiommu` allows that where there is no IOMMU; `say` then gets a warning. Raises PortError that names the device,
    the reason and the remedy.
    """
    folder = root / DEVICES / device
    if not folder.is_dir():
        there = ", ".join(sorted(path.name for path in (root / DEVICES).glob("*"))) or "none at all"
        raise PortError(f"no PCI device {device!r}; there are: {there}")
    if driver_of(folder) in SHARED:
        return Binding(device, "va", "", root)
    if not (root / "sys/bus/pci/drivers" / DRIVER).is_dir():
        raise PortError(f"{device}: this kernel has no {DRIVER}; build it with VFIO_PCI, or load the module")
    protected = (folder / "iommu_group").exists()
    if not protected:
        _allow_without_iommu(device, noiommu, root, say)
    for other in _others(folder):
        holder = driver_of(other)
        if holder not in _HARMLESS and not _is_bridge(other):
            raise PortError(
                f"{device} shares its IOMMU group with {other.name} (driver {holder}): hand over both, "
                "or put the card into another slot"
            )
    previous = driver_of(folder)
    if previous != DRIVER:
        _rebind(folder, device, previous, root)
    return Binding(device, "va" if protected else "pa", "" if previous == DRIVER else previous or "none", root)


def driver_of(folder: Path) -> str:
    """The name of the driver that has a device of sysfs, "" for none."""
    link = folder / "driver"
    return link.readlink().name if link.is_symlink() else ""


def _allow_without_iommu(device: str, noiommu: bool, root: Path, say: Callable[[str], None]) -> None:
    if not noiommu:
        raise PortError(
            f"{device}: this machine has no IOMMU switched on: start the kernel with intel_iommu=on (and VT-d in the "
            "firmware), or set nic.noiommu = true and accept that the card can write to all of memory"
        )
    try:
        _write(root / NOIOMMU, "Y")
    except OSError as error:
        raise PortError(f"{device}: vfio without an IOMMU is refused: {error.strerror} ({root / NOIOMMU})") from error
    say(f"WARNING: {device} is in user space's hands without an IOMMU: its DMA can reach all of memory")


def _others(folder: Path) -> list[Path]:
    """The other devices of the group."""
    group = folder / "iommu_group/devices"
    return sorted(path for path in group.glob("*") if path.name != folder.name)


def _is_bridge(folder: Path) -> bool:
    return (folder / "class").read_text(encoding="ascii").startswith(_BRIDGE)


def _rebind(folder: Path, device: str, previous: str, root: Path) -> None:
    try:
        _write(folder / "driver_override", DRIVER)
        if previous:
            _write(folder / "driver/unbind", device)
        _write(root / "sys/bus/pci/drivers_probe", device)
    except OSError as error:
        raise PortError(
            f"{device} cannot be taken from {previous or 'no driver'}: {error.strerror}; be root"
        ) from error
    holder = driver_of(folder)
    if holder != DRIVER:
        raise PortError(f"{device} was not taken by {DRIVER}, it has {holder or 'no driver'}; see its messages")


def _write(path: Path, text: str) -> None:
    """Write a file of sysfs: in one write, and only for writing, because some cannot be read."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)
