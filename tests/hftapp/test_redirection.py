"""PID 1's lines follow the firmware's serial redirection, and whatever is wrong with its table ends nothing."""

import os
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp import console, redirection

IO, MEMORY = 1, 0


def table(space: int, address: int, baud: int = 7) -> bytes:
    """A table as firmware has it: a header of 36 bytes, the kind of port, its address, interrupts, the baud rate."""
    head = b"SPCR" + bytes(32) + bytes(4) + struct.pack("<B3xQ", space, address)
    return head.ljust(58, b"\0") + bytes([baud]) + bytes(21)


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    further: list[int] = []
    monkeypatch.setattr(console, "_further", further)
    yield
    for descriptor in further:
        os.close(descriptor)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for name, port in {"ttyS0": "0x3F8", "ttyS1": "0x2F8"}.items():
        folder = tmp_path / "sys/class/tty" / name
        folder.mkdir(parents=True)
        (folder / "port").write_text(f"{port}\n")
        (folder / "iomem_base").write_text("0x0\n")
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / name).touch()
    (tmp_path / "sys/class/tty/console").mkdir()
    (tmp_path / "sys/class/tty/console/active").write_text("ttyS0\n")
    (tmp_path / redirection.TABLE).parent.mkdir(parents=True)
    return tmp_path


def follow(machine: Path) -> tuple[str, list[str]]:
    lines: list[str] = []
    return redirection.follow(machine, lines.append), lines


def test_lines_go_to_the_port_that_the_firmware_names(machine: Path) -> None:
    (machine / redirection.TABLE).write_bytes(table(IO, 0x2F8))
    assert follow(machine) == ("ttyS1", ["serial over LAN: also on ttyS1"])
    console.say("trading")
    assert (machine / "dev/ttyS1").read_text() == "hftos: trading\n"


def test_a_port_in_memory_is_found_by_its_address(machine: Path) -> None:
    (machine / "sys/class/tty/ttyS1/iomem_base").write_text("0xFE035000\n")
    (machine / redirection.TABLE).write_bytes(table(MEMORY, 0xFE035000))
    assert follow(machine)[0] == "ttyS1"


@pytest.mark.parametrize("address", [0x3F8, 0x3E8, 0])
def test_the_console_itself_and_ports_that_are_not_there_are_not_followed(machine: Path, address: int) -> None:
    (machine / redirection.TABLE).write_bytes(table(IO, address))
    assert follow(machine) == ("", [])


def test_a_machine_that_redirects_nothing_says_nothing(machine: Path) -> None:
    assert follow(machine) == ("", [])


def test_a_port_that_cannot_be_opened_is_said_and_ends_nothing(machine: Path) -> None:
    (machine / redirection.TABLE).write_bytes(table(IO, 0x2F8))
    (machine / "dev/ttyS1").unlink()
    (machine / "dev/ttyS1").mkdir()
    name, lines = follow(machine)
    assert name == ""
    assert lines[0].startswith("serial over LAN is not followed: [Errno 21] Is a directory")


def test_a_port_that_does_not_take_the_speed_is_followed_at_its_own(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> list[object]:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr("os.isatty", lambda _descriptor: True)
    monkeypatch.setattr("termios.tcgetattr", refuse)
    (machine / redirection.TABLE).write_bytes(table(IO, 0x2F8))
    name, lines = follow(machine)
    assert name == "ttyS1"
    assert lines[0] == "serial over LAN: ttyS1 keeps its speed: (5, 'Input/output error')"


def test_a_table_that_ends_early_is_said_and_ends_nothing(machine: Path) -> None:
    (machine / redirection.TABLE).write_bytes(b"SPCR")
    name, lines = follow(machine)
    assert name == ""
    assert "serial over LAN is not followed" in lines[0]


@given(st.binary(max_size=80))
def test_no_table_raises(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    root = tmp_path_factory.mktemp("machine")
    (root / redirection.TABLE).parent.mkdir(parents=True)
    (root / redirection.TABLE).write_bytes(noise)
    assert redirection.follow(root, lambda _line: None) == ""
