"""The same trader on ports that leave the card to the kernel: what they need of it they may ask, nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("port", ["af_packet", "af_xdp"])
def test_the_run_is_ok_on_the_kernels_ports_too(boot: Callable[..., Any], port: str) -> None:
    run = boot("--seconds", "4", "--port", port)
    assert run.report["ok"], run.explain()
    assert run.report["port"].split()[0] == port
    assert run.report["silence"]["filter"] is True
    assert run.report["silence"]["allocations_on_path"] == 0


def test_the_run_is_ok_on_another_card(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "4", "--nic", "e1000e")
    assert run.report["ok"], run.explain()
    assert run.report["port"].startswith("dpdk net_e1000_em ")
