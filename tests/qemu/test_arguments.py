"""Absences of the office on the command line: times in order, or a reason."""

import click
import pytest

from qemu.arguments import absences, check_sockets


def parsed(*texts: str) -> tuple[tuple[float, float], ...]:
    command = click.Command("run")
    return absences(click.Context(command), click.Option(["--office-away"]), texts)


def test_absences_are_sorted_spans_in_seconds() -> None:
    assert parsed() == ()
    assert parsed("8s,9.5s", "500ms,3s") == ((0.5, 3.0), (8.0, 9.5))


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("2,3",), "'2' is no time"),
        (("2s",), "give two times, as in 2s,5s"),
        (("5s,2s",), "each time must be later than the one before"),
        (("1s,4s", "3s,6s"), "each time must be later than the one before"),
    ],
)
def test_what_is_no_absence_says_why(texts: tuple[str, ...], reason: str) -> None:
    with pytest.raises(click.BadParameter, match=reason):
        parsed(*texts)


@pytest.mark.parametrize(
    ("sockets", "memory", "profile", "reason"),
    [
        (2, 512, "qemu", "--sockets 2: the kernel of profile qemu has no NUMA: use --profile colo"),
        (4, 512, "colo", "--memory 512: 4 sockets need 1024 MiB or more"),
    ],
)
def test_several_sockets_need_a_kernel_with_memory_nodes_and_memory(
    sockets: int, memory: int, profile: str, reason: str
) -> None:
    check_sockets(1, 128, "qemu")
    check_sockets(2, 512, "colo")
    with pytest.raises(click.UsageError, match=reason):
        check_sockets(sockets, memory, profile)
