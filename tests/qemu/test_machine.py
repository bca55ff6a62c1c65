"""The command line of a machine; QEMU itself accepts it."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from qemu import machine as machines
from qemu.accel import Accelerator
from qemu.machine import BUSES, MODELS, DirectBoot, DiskBoot, Machine, MachineError, Nic, find_firmware

TCG = Accelerator("tcg", "test")
DIRECT = DirectBoot(Path("/image/vmlinuz"), Path("/image/initramfs"), "console=ttyS0 -- -m hftapp")


def values(argv: list[str], option: str) -> list[str]:
    return [value for name, value in pairwise(argv) if name == option]


def test_a_direct_boot(tmp_path: Path) -> None:
    nic = Nic("trader", "52:54:00:20:00:10", Path("/run/q"), Path("/run/s"))
    argv = Machine(TCG, DIRECT, (nic,), tmp_path / "console", tmp_path / "qmp").argv()
    assert argv[0] == "qemu-system-x86_64"
    assert values(argv, "-kernel") == ["/image/vmlinuz"]
    assert values(argv, "-append") == ["console=ttyS0 -- -m hftapp"]
    assert values(argv, "-accel") == ["tcg,thread=multi"]
    assert (values(argv, "-machine"), values(argv, "-cpu"), values(argv, "-smp")) == (["q35"], ["max"], ["2"])
    assert values(argv, "-netdev") == [
        "dgram,id=trader,local.type=unix,local.path=/run/q,remote.type=unix,remote.path=/run/s"
    ]
    device = (
        "virtio-net-pci,disable-legacy=on,iommu_platform=on,ioeventfd=off,mrg_rxbuf=off,guest_tso4=off,guest_tso6=off,"
        "guest_ecn=off,guest_ufo=off,netdev=trader,mac=52:54:00:20:00:10,romfile="
    )
    assert device in values(argv, "-device")
    assert {"-nodefaults", "-no-user-config", "-no-reboot"} <= set(argv)
    assert values(argv, "-display") == ["none"]


def test_each_socket_has_its_cpus_its_memory_and_its_bus(tmp_path: Path) -> None:
    far = Nic("trader", "52:54:00:20:00:10", Path("/run/q"), Path("/run/s"), socket=1)
    made = Machine(TCG, DIRECT, (far,), tmp_path / "console", tmp_path / "qmp", cpus=4, memory_mib=513, sockets=2)
    argv = made.argv()
    assert (values(argv, "-smp"), values(argv, "-m")) == (["4,sockets=2"], ["512M"])
    assert values(argv, "-numa") == ["node,nodeid=0,cpus=0-1,memdev=memory0", "node,nodeid=1,cpus=2-3,memdev=memory1"]
    devices = values(argv, "-device")
    assert "pxb-pcie,id=socket1,bus=pcie.0,bus_nr=64,numa_node=1" in devices
    place = devices.index("pcie-root-port,id=port-trader,bus=socket1,chassis=1")
    assert devices[place + 1].endswith("romfile=,bus=port-trader")
    bus = devices.index("pxb-pcie,id=socket1,bus=pcie.0,bus_nr=64,numa_node=1")
    assert bus > devices.index("virtio-rng-pci,rng=rng")  # which names no bus, and would land there


def test_the_iommu_comes_before_the_devices_it_serves(tmp_path: Path) -> None:
    nic = Nic("trader", "52:54:00:20:00:10", Path("/run/q"), Path("/run/s"))
    devices = values(Machine(TCG, DIRECT, (nic,), tmp_path / "console", tmp_path / "qmp").argv(), "-device")
    assert devices[0] == "intel-iommu,intremap=on,caching-mode=on"
    without = Machine(TCG, DIRECT, (nic,), tmp_path / "console", tmp_path / "qmp", iommu=False).argv()
    assert not any("iommu,intremap" in word for word in without)


def test_kvm_leaves_the_interrupts_to_the_iommu(tmp_path: Path) -> None:
    argv = Machine(Accelerator("kvm", "test"), DIRECT, (), tmp_path / "console", tmp_path / "qmp").argv()
    assert values(argv, "-machine") == ["q35", "kernel-irqchip=split"]


@pytest.mark.parametrize(("model", "device"), [("e1000e", "e1000e,"), ("vmxnet3", "vmxnet3,")])
def test_other_models_of_cards(model: str, device: str) -> None:
    nic = Nic("trader", "52:54:00:20:00:10", Path("/run/q"), Path("/run/s"), model)
    assert nic.argv()[-1] == f"{device}netdev=trader,mac=52:54:00:20:00:10,romfile="


def test_an_unknown_model_is_named(tmp_path: Path) -> None:
    nic = Nic("trader", "52:54:00:20:00:10", tmp_path, tmp_path, "ne2k")
    with pytest.raises(MachineError, match=r"'ne2k' is no model .* virtio, e1000e, vmxnet3"):
        nic.argv()


def test_instructions_are_counted_in_emulation_on_one_thread(tmp_path: Path) -> None:
    argv = Machine(TCG, DIRECT, (), tmp_path / "console", tmp_path / "qmp", icount=True).argv()
    assert values(argv, "-accel") == ["tcg,thread=single"]
    assert values(argv, "-icount") == ["shift=0,sleep=off"]
    waiting = Machine(TCG, DIRECT, (), tmp_path / "console", tmp_path / "qmp", icount=True, skips_idle=False)
    assert values(waiting.argv(), "-icount") == ["shift=0,sleep=on"]
    fast = Machine(Accelerator("kvm", "test"), DIRECT, (), tmp_path / "console", tmp_path / "qmp", icount=True)
    with pytest.raises(MachineError, match="not under kvm: set HFTOS_ACCEL=tcg"):
        fast.argv()


def test_a_disk_boot_never_writes_the_image(tmp_path: Path) -> None:
    boot = DiskBoot(Path("/image/hftos.img"), Path("/fw/code"), tmp_path / "vars")
    argv = Machine(TCG, boot, (), tmp_path / "console", tmp_path / "qmp").argv()
    assert any(value.startswith("virtio-blk-pci,") and "num-queues=1" in value for value in values(argv, "-device"))
    drives = values(argv, "-drive")
    assert drives == [
        "if=pflash,unit=0,format=raw,readonly=on,file=/fw/code",
        f"if=pflash,unit=1,format=raw,file={tmp_path}/vars",
        "if=none,id=disk,format=raw,snapshot=on,file=/image/hftos.img",
    ]


@pytest.mark.parametrize(
    ("bus", "devices"),
    [
        ("nvme", ["nvme,drive=disk,bootindex=0,serial=hftos-nvme,max_ioqpairs=2"]),
        ("sata", ["ide-hd,bus=ide.0,drive=disk,bootindex=0,serial=hftos-sata"]),
        ("usb", ["qemu-xhci,id=usb", "usb-storage,bus=usb.0,drive=disk,bootindex=0,serial=hftos-usb"]),
    ],
)
def test_a_disk_on_another_bus(bus: str, devices: list[str], tmp_path: Path) -> None:
    boot = DiskBoot(Path("/dev/loop0"), Path("/fw/code"), tmp_path / "vars", bus)
    assert values(boot.argv(), "-device") == devices
    assert "if=none,id=disk,format=raw,snapshot=on,file=/dev/loop0" in values(boot.argv(), "-drive")


def test_an_unknown_bus_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"'floppy' is no bus of a disk: must be one of virtio, nvme, sata, usb"):
        DiskBoot(tmp_path, tmp_path, tmp_path, "floppy").argv()


def test_commas_in_paths_do_not_end_an_option(tmp_path: Path) -> None:
    argv = Machine(TCG, DIRECT, (), Path("/a,b/console"), tmp_path / "qmp").argv()
    assert "file,id=console,path=/a,,b/console" in argv


def test_missing_firmware_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machines, "FIRMWARE", ((tmp_path / "code", tmp_path / "vars"),))
    with pytest.raises(MachineError, match="install the package ovmf"):
        find_firmware()
    (tmp_path / "code").touch()
    (tmp_path / "vars").touch()
    assert find_firmware() == (tmp_path / "code", tmp_path / "vars")


@pytest.mark.parametrize("bus", BUSES)
def test_qemu_takes_the_command_line(bus: str, tmp_path: Path) -> None:
    """Started paused and told to quit at once: a wrong option would end it with an error."""
    nics = [
        Nic(model, f"52:54:00:20:00:1{i}", tmp_path / f"{model}.q", tmp_path / f"{model}.s", model)
        for i, model in enumerate(MODELS)
    ]
    boot = DiskBoot(tmp_path / "disk", tmp_path / "code", tmp_path / "vars", bus)
    for name, size in (("disk", 1 << 20), ("code", 1 << 22), ("vars", 1 << 18)):
        (tmp_path / name).write_bytes(bytes(size))
    argv = Machine(TCG, boot, tuple(nics), tmp_path / "console", tmp_path / "qmp").argv()
    offline = [word.replace(f"socket,id=qmp,path={tmp_path}/qmp", "stdio,id=qmp") for word in argv]
    done = subprocess.run(
        [*offline, "-S"],
        input='{"execute": "qmp_capabilities"}\n{"execute": "quit"}\n',
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "SHUTDOWN" in done.stdout
