"""Programs that measure the image instead of trading with it: started by the kernel parameter `hftos.harness`.

`hftos.harness=echo,frames=10000` runs `hftapp.harness.echo` with the argument `frames`. Each is a module with

    def run(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]

What it returns appears on the console as one line `hftos: result {…}` of JSON, with the boot's record as `boot`, and
the machine powers off. A module with `SUPERVISES = True` starts a process of its own on `cpu`; the others run there.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hftapp import cpu as cpus
from hftapp import libc
from hftapp.config import Config
from hftapp.knobs import apply, trader

if TYPE_CHECKING:
    from hftapp.nic.port import Port

PARAMETER = "hftos.harness="


class HarnessError(ValueError):
    """A kernel parameter that names no harness, or an argument that it does not take."""


def asked_for(command_line: str) -> str:
    """The value of `hftos.harness` on a kernel command line, "" when it is not there."""
    words = command_line.partition(" -- ")[0].split()
    return next((word.removeprefix(PARAMETER) for word in words if word.startswith(PARAMETER)), "")


def parse(value: str) -> tuple[str, dict[str, str]]:
    """Name and arguments of `NAME[,KEY=VALUE…]`; raises HarnessError for anything else."""
    name, *words = value.split(",")
    arguments = {}
    for word in words:
        key, equals, given = word.partition("=")
        if not key or not equals:
            raise HarnessError(f"{PARAMETER}{value}: {word!r} must be KEY=VALUE")
        arguments[key] = given
    if not name.isidentifier():
        raise HarnessError(f"{PARAMETER}{value}: {name!r} is no name of a module of hftapp.harness")
    return name, arguments


def run(
    value: str,
    settings: Config,
    cpu: int | None,
    say: Callable[[str], None],
    boot: Mapping[str, object] | None = None,
) -> tuple[int, str]:
    """Run the harness that `value` names on `cpu`; returns exit status and reason. Raises what the harness raises."""
    name, arguments = parse(value)
    try:
        module = importlib.import_module(f"hftapp.harness.{name}")
    except ModuleNotFoundError as error:
        raise HarnessError(f"{PARAMETER}{value}: there is no hftapp.harness.{name} in this image ({error})") from error
    settings = trader.settled(settings, trader.rows())
    if not getattr(module, "SUPERVISES", False):
        # As the trader's process does, so that what is measured has the trader's memory.
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        if settings.cpu.lock_memory and os.geteuid() == 0 and os.getpid() == 1:
            libc.mlockall()
    program: Callable[[Config, Mapping[str, str], int | None], dict[str, Any]] = module.run
    result = program(settings, arguments, cpu)
    say("result " + json.dumps(result if boot is None else result | {"boot": dict(boot)}))
    return 0, f"harness {name} ended"


def open_port(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> Port:
    """The configured port, with what the arguments `port`, `device`, `mac` and `noiommu` say instead.

    Raises PortError, and HarnessError for a value that is none.
    """
    from hftapp.nic.open import Cpus
    from hftapp.nic.open import open_port as open_configured

    if arguments.get("noiommu", "no") not in ("yes", "no"):
        raise HarnessError(f"noiommu = {arguments['noiommu']!r}: must be yes or no")
    nic = replace(
        settings.nic,
        port=arguments.get("port", settings.nic.port),
        device=arguments.get("device", settings.nic.device),
        mac=arguments.get("mac", settings.nic.mac),
        noiommu=arguments.get("noiommu", "no") == "yes" or settings.nic.noiommu,
    )
    if nic.port == "dpdk":
        reserved = apply.reserve_huge_pages(nic.rx_descriptors + nic.tx_descriptors)
        if not reserved.ok:
            raise HarnessError(str(reserved))
    return open_configured(nic, Cpus(cpu, cpus.housekeeping()))


def number(arguments: Mapping[str, str], name: str, default: int) -> int:
    """A positive integer of the arguments; raises HarnessError for anything else."""
    given = arguments.get(name, str(default))
    if not given.isdecimal() or int(given) < 1:
        raise HarnessError(f"{name} = {given!r}: must be an integer from 1")
    return int(given)
