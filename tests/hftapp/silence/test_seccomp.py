"""The filter, instruction by instruction and in the kernel."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from hftapp.silence import bpf, calls, seccomp
from hftapp.silence.calls import NUMBERS, PORTS, SHUTDOWN, Call


def verdict(allowed: tuple[Call, ...], number: int, first: int = 0, architecture: int = bpf.X86_64) -> int:
    """What the program answers: classic BPF, interpreted."""
    data = {
        bpf.NUMBER: number,
        bpf.ARCHITECTURE: architecture,
        bpf.FIRST_LOW: first & 0xFFFFFFFF,
        bpf.FIRST_HIGH: first >> 32,
    }
    code = bpf.program(allowed)
    at = value = 0
    while True:
        kind, true, false, k = code[at]
        at += 1
        if kind == bpf.LOAD:
            value = data[k]
        elif kind == bpf.EQUAL:
            at += true if value == k else false
        else:
            return k


@pytest.mark.parametrize("port", PORTS)
def test_only_what_the_port_and_the_end_need_is_allowed(port: str) -> None:
    allowed = (*SHUTDOWN, *PORTS[port])
    passing = {number for number in range(512) if verdict(allowed, number, first=2) == bpf.ALLOW}
    assert passing == {NUMBERS[call.name] for call in allowed}


@pytest.mark.parametrize(
    ("first", "expected"),
    [(2, bpf.ALLOW), (1, bpf.KILL_PROCESS), (3, bpf.KILL_PROCESS), (2 | 1 << 32, bpf.KILL_PROCESS)],
)
def test_a_first_argument_is_compared_in_full(first: int, expected: int) -> None:
    assert verdict(SHUTDOWN, NUMBERS["write"], first) == expected


def test_numbers_of_other_architectures_are_refused() -> None:
    assert verdict(SHUTDOWN, NUMBERS["exit_group"], architecture=0x4000_0003) == bpf.KILL_PROCESS
    assert verdict(SHUTDOWN, NUMBERS["exit_group"] | 0x4000_0000) == bpf.KILL_PROCESS


def test_a_refusal_can_be_a_trap() -> None:
    assert bpf.program(SHUTDOWN, bpf.TRAP)[-1] == (bpf.RETURN, 0, 0, bpf.TRAP)


def test_names_of_system_calls() -> None:
    assert calls.name_of(39) == "getpid (39)"
    assert calls.name_of(400) == "number 400"


def ending(act: Callable[[], object]) -> int:
    """Exit code of a child that installs the filter, then acts."""
    pid = os.fork()
    if pid == 0:
        seccomp.install((*SHUTDOWN, *PORTS["af_xdp"]))
        act()
        os._exit(5)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_the_kernel_lets_the_allowed_calls_pass(capfd: pytest.CaptureFixture[str]) -> None:
    assert ending(lambda: os.write(2, b"last words")) == 5
    assert capfd.readouterr().err == "last words"


@pytest.mark.parametrize("act", [os.getpid, os.getppid, lambda: os.write(1, b"x"), lambda: os.open("/", os.O_RDONLY)])
def test_the_kernel_ends_the_process_at_any_other(act: Callable[[], object]) -> None:
    assert ending(act) == -signal.SIGSYS


def test_the_document_has_every_allowed_call_and_why() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "silence.md").read_text(encoding="utf-8")
    for call in SHUTDOWN:
        assert f"| all | `{call.name}` | {call.why} |" in text
    for port, allowed in PORTS.items():
        assert f"`{port}`" in text
        for call in allowed:
            assert f"| `{port}` | `{call.name}` | {call.why} |" in text
