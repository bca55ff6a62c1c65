"""DPDK in the image, on the cards that QEMU emulates: bound through vfio-pci, with and without the IOMMU."""

from pathlib import Path

import pytest

from image import build as builder
from image import buildroot, initramfs, profile
from image.progress import Quiet
from qemu import accel
from tests.e2e import echo_machine

pytestmark = pytest.mark.e2e
FRAMES = 1000


@pytest.mark.parametrize("name", profile.driver_lists())
def test_every_listed_driver_is_in_the_build_root(name: str) -> None:
    root = buildroot.ensure(Quiet())
    drivers = profile.drivers(name)
    assert len(initramfs.driver_places(root.path, drivers)) == len(drivers)


@pytest.mark.parametrize(
    ("model", "port", "driver"),
    [("virtio", "dpdk", "net_virtio"), ("e1000e", "dpdk", "net_e1000_em"), ("virtio", "af_packet", "")],
)
def test_every_frame_comes_back(
    built: builder.Built, accelerator: accel.Accelerator, tmp_path: Path, model: str, port: str, driver: str
) -> None:
    found = echo_machine.run(built, accelerator, tmp_path, model=model, arguments=f"port={port},frames={FRAMES}")
    assert found.result, found.console
    assert found.result["driver"] == driver
    assert (found.lost, found.result["frames"]) == (0, FRAMES), found.console
    assert "exit status 0: harness echo ended" in found.console


def test_without_an_iommu_it_has_to_be_asked_for(
    built: builder.Built, accelerator: accel.Accelerator, tmp_path: Path
) -> None:
    refused = echo_machine.run(built, accelerator, tmp_path, iommu=False, arguments="port=dpdk,frames=1")
    assert "this machine has no IOMMU switched on" in refused.console


def test_without_an_iommu_it_runs_when_it_was_asked_for(
    built: builder.Built, accelerator: accel.Accelerator, tmp_path: Path
) -> None:
    arguments = f"port=dpdk,frames={FRAMES},noiommu=yes"
    found = echo_machine.run(built, accelerator, tmp_path, iommu=False, arguments=arguments)
    assert (found.lost, found.result.get("frames")) == (0, FRAMES), found.console
    assert "WARNING" in found.console
    assert "user space's hands without an IOMMU" in found.console
