"""Binding a card to vfio-pci, against a sysfs of files and a kernel that reacts to what is written there."""

from pathlib import Path

import pytest

from hftapp import vfio
from hftapp.nic.port import PortError

CARD = "0000:00:02.0"
OTHER = "0000:00:02.1"


class Kernel:
    """A tree of /sys with PCI devices, and what the kernel does with writes to it."""

    def __init__(self, root: Path, *, iommu: bool = True) -> None:
        self.root = root
        self.written: list[tuple[str, str]] = []
        self.refuses = ""
        for driver in ("vfio-pci", "virtio-pci"):
            (root / "sys/bus/pci/drivers" / driver).mkdir(parents=True)
        self.add(CARD, "virtio-pci")
        if iommu:
            self.group(CARD)
        else:
            (root / vfio.NOIOMMU).parent.mkdir(parents=True)
            (root / vfio.NOIOMMU).write_text("N")

    def add(self, device: str, driver: str, kind: str = "0x020000") -> Path:
        folder = self.root / vfio.DEVICES / device
        folder.mkdir(parents=True)
        (folder / "class").write_text(kind)
        (folder / "driver_override").write_text("(null)")
        if driver:
            self._give(folder, driver)
        return folder

    def group(self, *devices: str) -> None:
        folder = self.root / "sys/kernel/iommu_groups/1/devices"
        folder.mkdir(parents=True)
        for device in devices:
            (folder / device).symlink_to(self.root / vfio.DEVICES / device)
            (self.root / vfio.DEVICES / device / "iommu_group").symlink_to(folder.parent)

    def write(self, path: Path, text: str) -> None:
        relative = path.relative_to(self.root).as_posix()
        self.written.append((relative, text))
        if relative == self.refuses:
            raise PermissionError(13, "Permission denied", str(path))
        folder = self.root / vfio.DEVICES / CARD
        if path.name == "unbind":
            (folder / "driver").unlink()
        elif path.name == "drivers_probe":
            override = (folder / "driver_override").read_text().strip()
            self._give(folder, override or "virtio-pci")
        else:
            path.write_text(text)

    def _give(self, folder: Path, driver: str) -> None:
        target = self.root / "sys/bus/pci/drivers" / driver
        if target.is_dir():
            (folder / "driver").symlink_to(target)

    def driver(self) -> str:
        return vfio.driver_of(self.root / vfio.DEVICES / CARD)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel(tmp_path)
    monkeypatch.setattr(vfio, "_write", made.write)
    return made


@pytest.mark.parametrize("driver", vfio.SHARED)
def test_a_card_that_the_kernel_shares_with_user_space_stays_with_its_driver(kernel: Kernel, driver: str) -> None:
    (kernel.root / "sys/bus/pci/drivers" / driver).mkdir()
    (kernel.root / vfio.DEVICES / CARD / "driver").unlink()
    kernel._give(kernel.root / vfio.DEVICES / CARD, driver)
    binding = vfio.bind(CARD, root=kernel.root)
    assert (kernel.driver(), binding.iova) == (driver, "va")
    binding.release()
    assert (kernel.driver(), kernel.written) == (driver, [])


def test_the_card_goes_to_user_space_and_back(kernel: Kernel) -> None:
    binding = vfio.bind(CARD, root=kernel.root)
    assert (kernel.driver(), binding.iova, binding.previous) == ("vfio-pci", "va", "virtio-pci")
    assert [path.rpartition("/")[2] for path, _ in kernel.written] == ["driver_override", "unbind", "drivers_probe"]
    binding.release()
    assert kernel.driver() == "virtio-pci"
    before = len(kernel.written)
    binding.release()
    assert len(kernel.written) == before, "twice is once"


def test_a_card_that_user_space_has_already_stays_there(kernel: Kernel) -> None:
    vfio.bind(CARD, root=kernel.root)
    kernel.written.clear()
    binding = vfio.bind(CARD, root=kernel.root)
    binding.release()
    assert (kernel.written, kernel.driver()) == ([], "vfio-pci")


def test_an_unknown_device_lists_those_that_are_there(kernel: Kernel) -> None:
    with pytest.raises(PortError, match=rf"no PCI device '0000:00:09.0'; there are: {CARD}"):
        vfio.bind("0000:00:09.0", root=kernel.root)


def test_the_whole_group_goes_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(tmp_path, iommu=False)
    kernel.add(OTHER, "virtio-pci")
    kernel.add("0000:00:01.0", "virtio-pci", kind="0x060400")
    kernel.group(CARD, OTHER, "0000:00:01.0")
    monkeypatch.setattr(vfio, "_write", kernel.write)
    with pytest.raises(PortError, match=rf"{CARD} shares its IOMMU group with {OTHER} \(driver virtio-pci\)"):
        vfio.bind(CARD, root=tmp_path)
    assert kernel.written == []
    (tmp_path / vfio.DEVICES / OTHER / "driver").unlink()
    assert vfio.bind(CARD, root=tmp_path).iova == "va"


def test_no_iommu_is_refused_unless_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(tmp_path, iommu=False)
    monkeypatch.setattr(vfio, "_write", kernel.write)
    with pytest.raises(PortError, match=r"no IOMMU switched on: .*intel_iommu=on.*nic.noiommu = true"):
        vfio.bind(CARD, root=tmp_path)
    said: list[str] = []
    binding = vfio.bind(CARD, root=tmp_path, noiommu=True, say=said.append)
    assert (binding.iova, kernel.driver()) == ("pa", "vfio-pci")
    assert (tmp_path / vfio.NOIOMMU).read_text() == "Y"
    assert said == [f"WARNING: {CARD} is in user space's hands without an IOMMU: its DMA can reach all of memory"]


def test_a_kernel_without_vfio_is_named(kernel: Kernel) -> None:
    (kernel.root / "sys/bus/pci/drivers/vfio-pci").rmdir()
    with pytest.raises(PortError, match=r"no vfio-pci; build it with VFIO_PCI"):
        vfio.bind(CARD, root=kernel.root)


def test_a_refused_write_says_who_may(kernel: Kernel) -> None:
    kernel.refuses = f"{vfio.DEVICES}/{CARD}/driver/unbind"
    with pytest.raises(PortError, match=rf"{CARD} cannot be taken from virtio-pci: Permission denied; be root"):
        vfio.bind(CARD, root=kernel.root)


def test_a_card_that_vfio_did_not_take_is_an_error(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def ignored(folder: Path, driver: str) -> None:
        (folder / "driver").symlink_to(kernel.root / "sys/bus/pci/drivers/virtio-pci")

    monkeypatch.setattr(kernel, "_give", ignored)
    with pytest.raises(PortError, match=r"was not taken by vfio-pci, it has virtio-pci"):
        vfio.bind(CARD, root=kernel.root)


def test_a_write_is_one_write_without_creating_anything(tmp_path: Path) -> None:
    file = tmp_path / "unbind"
    with pytest.raises(FileNotFoundError):
        vfio._write(file, CARD)
    file.write_text("")
    file.chmod(0o200)
    vfio._write(file, CARD)
    file.chmod(0o600)
    assert file.read_text() == CARD
