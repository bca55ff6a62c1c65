"""What `hftos run` takes on its command line, checked before anything of an earlier run is touched."""

import os
from itertools import pairwise
from pathlib import Path

import click

from image import profile as profiles
from qemu.links import LinkError, nanoseconds

_MIB = 1 << 20
_LEAST_MEMORY = 128
_LEAST_MEMORY_A_SOCKET = 256

FLAGS = frozenset(
    ("quiet", "debug", "ignore_loglevel", "initcall_debug", "nokaslr", "nosmp", "nosmt", "nopti", "noapic")
)
"""Words without `=` that the kernel takes for itself. It hands any other to PID 1 as an argument, which then fails."""


def packet_numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    """Packet numbers `N,N,…`, each at least 1, in order."""
    del context, parameter
    words = value.split(",") if value is not None else []
    if not all(word.isascii() and word.isdecimal() and len(word) < 10 and int(word) > 0 for word in words):
        raise click.BadParameter(f"{value!r}: must be packet numbers from 1, as in 50 or 50,51,52")
    return tuple(sorted({int(word) for word in words}))


def absences(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[tuple[float, float], ...]:
    """Times `FROM,UNTIL` that follow one another, in seconds."""
    del context, parameter
    found: list[tuple[float, float]] = []
    for text in value:
        first, _, last = text.partition(",")
        try:
            found.append((nanoseconds(first) / 1e9, nanoseconds(last) / 1e9))
        except LinkError as error:
            raise click.BadParameter(f"{text!r}: {error}: give two times, as in 2s,5s") from error
    found.sort()
    times = [moment for span in found for moment in span]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise click.BadParameter(f"{', '.join(value)}: each time must be later than the one before")
    return tuple(found)


def memory(context: click.Context, parameter: click.Parameter, value: int) -> int:
    """MiB of memory that this host has."""
    del context, parameter
    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB
    if not _LEAST_MEMORY <= value <= most:
        raise click.BadParameter(f"{value} MiB: must be {_LEAST_MEMORY} to {most} (all the memory of this host)")
    return value


def check_sockets(count: int, memory_mib: int, profile: str) -> None:
    """Several sockets are nothing to a kernel without memory nodes, and each needs memory. Raises UsageError."""
    if count == 1:
        return
    if not profiles.load(profile).has("NUMA"):
        able = ", ".join(name for name in profiles.names() if profiles.load(name).has("NUMA"))
        raise click.UsageError(f"--sockets {count}: the kernel of profile {profile} has no NUMA: use --profile {able}")
    if memory_mib < count * _LEAST_MEMORY_A_SOCKET:
        least = count * _LEAST_MEMORY_A_SOCKET
        raise click.UsageError(f"--memory {memory_mib}: {count} sockets need {least} MiB or more")


def kernel_arguments(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Kernel arguments `NAME=VALUE` and known flags; anything else would go to PID 1."""
    del context, parameter
    for word in value.split():
        name, equals, _ = word.partition("=")
        if not name or (not equals and word not in FLAGS):
            raise click.BadParameter(
                f"{word!r} is no kernel argument: must be NAME=VALUE or one of {', '.join(sorted(FLAGS))}"
            )
    return " ".join(value.split())


def configuration(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """An `hftos.toml` that the guest will take: it is read here by the guest's own reader."""
    del context, parameter
    if value is not None:
        # All that runs of the guest's program on the host's side, and only when it is asked for.
        from hftapp import config

        try:
            config.load(value)
        except config.ConfigError as error:
            raise click.BadParameter("\n  ".join([f"{value} is not valid:", *error.problems])) from error
    return value
