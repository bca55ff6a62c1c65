"""The switch program on datagram sockets, as QEMU connects to it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qemu.children import python_environment
from qemu.switch.ports import QUEUE_LIMIT, DatagramCable

Build = Callable[..., bytes]


def config(folder: Path, **more: Any) -> Path:
    ports = [
        {
            "name": name,
            "segment": "trading",
            "local": str(folder / f"{name}.switch"),
            "remote": str(folder / f"{name}.qemu"),
            "capture": str(folder / f"{name}.pcapng"),
        }
        for name in ("a", "b")
    ]
    path = folder / "switch.json"
    path.write_text(json.dumps({"ports": ports, "counters": str(folder / "counters.json"), **more}))
    return path


def start(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "qemu.switch", str(path)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=python_environment()
    )


@pytest.fixture
def guests(tmp_path: Path) -> Iterator[dict[str, socket.socket]]:
    """QEMU's ends of two cables, with a timeout so that a lost frame fails the test."""
    ends = {name: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for name in ("a", "b")}
    for name, end in ends.items():
        end.bind(str(tmp_path / f"{name}.qemu"))
        end.settimeout(10)
    yield ends
    for end in ends.values():
        end.close()


def send(end: socket.socket, folder: Path, name: str, frame: bytes) -> None:
    end.sendto(frame, str(folder / f"{name}.switch"))


def test_frames_pass_and_counters_are_left(tmp_path: Path, guests: dict[str, socket.socket], ethernet: Build) -> None:
    with start(config(tmp_path)) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"ready": True, "pid": process.pid}
        frame = ethernet(2, 1, b"question")
        send(guests["a"], tmp_path, "a", frame)
        assert guests["b"].recv(2048) == frame
        answer = ethernet(1, 2, b"answer")
        send(guests["b"], tmp_path, "b", answer)
        assert guests["a"].recv(2048) == answer
        process.send_signal(signal.SIGTERM)
        printed = json.loads(process.stdout.read())
        assert process.wait() == 0
    assert printed == json.loads((tmp_path / "counters.json").read_text())
    assert printed["ports"]["a"]["rx_frames"] == printed["ports"]["a"]["tx_frames"] == 1
    assert printed["undeliverable"] == {"a": 0, "b": 0}
    assert {path.name for path in tmp_path.glob("*.pcapng")} == {"a.pcapng", "b.pcapng"}
    assert not (tmp_path / "a.switch").exists()


def test_a_delay_holds_a_frame_back(tmp_path: Path, guests: dict[str, socket.socket], ethernet: Build) -> None:
    fault = {"port": "b", "direction": "out", "kind": "delay", "delay_ns": 50_000_000}
    with start(config(tmp_path, faults=[fault])) as process:
        assert process.stdout is not None
        process.stdout.readline()
        send(guests["a"], tmp_path, "a", ethernet(2, 1))
        guests["b"].settimeout(0.01)
        with pytest.raises(TimeoutError):
            guests["b"].recv(2048)
        guests["b"].settimeout(10)
        assert guests["b"].recv(2048) == ethernet(2, 1)
        process.terminate()
        process.communicate()


def test_sigusr1_marks_the_moment_from_which_a_fault_counts(
    tmp_path: Path, guests: dict[str, socket.socket], ethernet: Build
) -> None:
    """From the mark on nothing comes in any more; and the switch goes on."""
    down = {"port": "a", "direction": "in", "kind": "down", "marked": True}
    with start(config(tmp_path, faults=[down])) as process:
        assert process.stdout is not None
        process.stdout.readline()
        send(guests["a"], tmp_path, "a", ethernet(2, 1, b"before"))
        assert guests["b"].recv(2048) == ethernet(2, 1, b"before")
        process.send_signal(signal.SIGUSR1)
        guests["b"].settimeout(0.05)
        with pytest.raises(TimeoutError):
            for _ in range(200):  # the signal may still be under way
                send(guests["a"], tmp_path, "a", ethernet(2, 1, b"after"))
                guests["b"].recv(2048)
        process.send_signal(signal.SIGTERM)
        counters = json.loads(process.stdout.read())
        assert process.wait() == 0
    assert counters["faults"][0]["applied"] == 1


@pytest.mark.parametrize(("text", "message"), [("{", "Expecting"), ('{"ports": []}', "ports is empty")])
def test_a_wrong_configuration_ends_with_2_and_a_reason(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "switch.json").write_text(text)
    with start(tmp_path / "switch.json") as process:
        _, errors = process.communicate()
        assert process.returncode == 2
    assert message in errors


def test_a_slow_guest_gets_every_frame_later(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as guest,
        closing(DatagramCable(tmp_path / "switch", tmp_path / "qemu")) as cable,
    ):
        guest.bind(str(tmp_path / "qemu"))
        guest.settimeout(10)
        frames = [n.to_bytes(20, "big") for n in range(300)]
        for frame in frames:
            cable.write(frame)
        assert cable.backlog() > 0
        received: list[bytes] = []
        while len(received) < len(frames):
            received.append(guest.recv(100))
            cable.flush()
        assert received == frames
        assert (cable.backlog(), cable.dropped) == (0, 0)


def test_the_queue_for_a_guest_that_hangs_is_bounded(tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as guest,
        closing(DatagramCable(tmp_path / "switch", tmp_path / "qemu")) as cable,
    ):
        guest.bind(str(tmp_path / "qemu"))
        for _ in range(QUEUE_LIMIT + 500):
            cable.write(b"frame")
        assert cable.backlog() == QUEUE_LIMIT
        assert cable.dropped > 0


def test_a_guest_that_is_not_there_or_goes_away_costs_its_frames_only(tmp_path: Path) -> None:
    with closing(DatagramCable(tmp_path / "switch", tmp_path / "qemu")) as cable:
        cable.write(b"nobody")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as guest:
            guest.bind(str(tmp_path / "qemu"))
            cable.write(b"first")
            assert guest.recv(100) == b"first"
        cable.write(b"nobody again")
        assert cable.read_burst() == []
        (tmp_path / "qemu").unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as guest:
            guest.bind(str(tmp_path / "qemu"))
            cable.write(b"second")
            assert guest.recv(100) == b"second"
        assert cable.dropped == 2
