"""QMP with a real QEMU: why a guest ended."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from qemu.control import GuestControl

QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-display", "none", "-no-reboot", "-m", "16M"]
TRIPLE_FAULT = bytes.fromhex("fa0f011e107ccc0000")  # cli; lidt [0x7c10]; int3: an empty table, so the CPU gives up


def controlled(folder: Path, *arguments: str, quits: bool) -> str | None:
    """Run QEMU under control to its end; gives the ending."""

    async def play() -> str | None:
        control = GuestControl()
        await control.listen(folder / "qmp")
        chardev = ("-chardev", f"socket,id=qmp,path={folder}/qmp", "-mon", "chardev=qmp,mode=control")
        with subprocess.Popen([*QEMU, *chardev, *arguments]) as process:
            await asyncio.wait_for(control.accept(), 30)
            if quits:
                assert control.ending() is None
                await control.quit()
            await asyncio.to_thread(process.wait)
        await control.close()
        return control.ending()

    return asyncio.run(play())


def test_a_quit_is_told_apart(tmp_path: Path) -> None:
    assert controlled(tmp_path, "-S", quits=True) == "host-qmp-quit"


def test_a_guest_that_resets_is_told_apart(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(TRIPLE_FAULT.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    assert controlled(tmp_path, "-drive", f"file={disk},format=raw,if=ide", quits=False) == "guest-reset"


def test_a_qemu_that_is_gone_can_be_told_to_quit(tmp_path: Path) -> None:
    async def play() -> None:
        control = GuestControl()
        await control.listen(tmp_path / "qmp")
        await control.quit()
        await control.close()
        assert control.ending() is None

    asyncio.run(play())


@pytest.mark.parametrize("length", [200])
def test_a_path_too_long_for_a_socket_is_an_error(tmp_path: Path, length: int) -> None:
    async def play() -> None:
        await GuestControl().listen(tmp_path / ("x" * length))

    with pytest.raises(Exception, match="Failed to establish connection"):
        asyncio.run(play())
