"""The trader's own knobs, read back by the process itself."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hftapp import config
from hftapp.config import Config
from hftapp.knobs import trader
from hftapp.knobs.table import Row
from hftapp.knobs.trader import SelfCheckError
from tests.hftapp.knobs.kernel import row, table

BASE = '[nic]\nport = "{port}"\nmac = "52:54:00:20:00:10"\naddress = "10.20.0.10/24"\n'


def settings(port: str = "dpdk", more: str = "") -> Config:
    return config.parse(BASE.replace("{port}", port) + more)


def own(name: str, value: str, **more: str) -> Row:
    return row(name, "process", name, value, "code", name, **more)


def test_the_traders_rows_are_those_that_it_can_read() -> None:
    rows = (own("mlockall", "on"), own("cpu_dma_latency", "0"), row("HZ", "kconfig", "HZ", "100"))
    assert [found.name for found in trader.of(table(*rows))] == ["mlockall"]


def test_a_host_without_a_catalogue_has_no_rows(tmp_path: Path) -> None:
    assert trader.rows(str(tmp_path / "none")) == ()


def test_the_catalogue_decides_what_the_configuration_leaves_out() -> None:
    rows = (own("mlockall", "off"), own("sched_policy", "fifo"))
    assert trader.settled(settings(), rows).cpu.lock_memory is False
    assert trader.settled(settings(), rows).cpu.policy == "fifo"
    given = settings(more='[cpu]\nlock_memory = true\npolicy = "other"\n')
    assert trader.settled(given, rows) == given


@pytest.mark.parametrize("level", ["on", "off"])
@pytest.mark.parametrize("polls", [0, 50])
def test_the_catalogue_decides_whether_an_af_xdp_socket_polls(
    level: str, polls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Port:
        """A socket of any kind, of which the kernel says how long it polls (µs)."""

        def __init__(self) -> None:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

        def fileno(self) -> int:
            return self.socket.fileno()

    port: Any = Port()
    monkeypatch.setattr("hftapp.nic.af_xdp.AfXdpPort", Port)
    monkeypatch.setattr(socket.socket, "getsockopt", lambda *_arguments: polls)
    asked = (own("so_busy_poll", level),)
    lenient = settings("af_xdp", '[host]\nself_check = "warn"\n')
    decided = trader.settled(lenient, asked)
    assert decided.nic.busy_poll is (level == "on")
    (result,) = trader.check(asked, decided, port)
    assert (result.requested, result.effective) == (level, "on" if polls else "off")
    assert result.ok is (level == result.effective)
    port.socket.close()


@pytest.mark.parametrize("given", [True, False])
def test_the_configuration_goes_before_the_catalogue(given: bool) -> None:
    chosen = config.parse(BASE.replace("{port}", "af_xdp") + f"busy_poll = {str(given).lower()}\n")
    assert trader.settled(chosen, (own("so_busy_poll", "off" if given else "on"),)) == chosen


def test_the_policy_is_the_processs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (own("sched_policy", "other"),)
    assert trader.check(asked, settings(), None)[0].ok
    monkeypatch.setattr(os, "sched_getscheduler", lambda _pid: os.SCHED_FIFO)
    with pytest.raises(SelfCheckError, match=r"sched_policy \(requested other, effective fifo\)"):
        trader.check(asked, settings(), None)


def test_a_warning_lets_it_trade() -> None:
    asked = (own("sched_policy", "fifo"),)
    lenient = settings(more='[host]\nself_check = "warn"\n[cpu]\npolicy = "fifo"\n')
    (result,) = trader.check(asked, lenient, None)
    assert (result.requested, result.effective, result.ok) == ("fifo", "other", False)


def test_memory_that_is_not_locked_is_seen() -> None:
    (result,) = trader.check((own("mlockall", "unset"),), settings(), None)
    assert (result.effective, result.ok) == ("off", True)
    with pytest.raises(SelfCheckError, match=r"mlockall \(requested on, effective off\)"):
        trader.check((own("mlockall", "on"),), settings(), None)


def test_locked_memory_is_seen() -> None:
    program = (
        "from hftapp import libc; from hftapp.knobs import trader; from tests.hftapp.knobs import test_trader as t;"
        'libc.mlockall(); print(trader.check((t.own("mlockall", "on"),), t.settings(), None)[0].effective)'
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "on\n", done.stderr


def test_orders_on_kernel_sockets_do_not_wait() -> None:
    asked = (own("tcp_nodelay", "1"),)
    assert trader.check(asked, settings("socket"), None)[0].effective == "1"
    (result,) = trader.check(asked, settings("dpdk"), None)
    assert (result.effective, result.ok) == ("not applicable", True)


def test_busy_polling_is_af_xdps() -> None:
    (result,) = trader.check((own("so_busy_poll", "on"),), settings("af_packet"), None)
    assert (result.effective, result.ok) == ("not applicable", True)


def test_what_the_kernel_does_not_tell_has_not_taken_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setitem(trader.READERS, "mlockall", refuse)
    with pytest.raises(SelfCheckError, match="unreadable: Operation not supported"):
        trader.check((own("mlockall", "on"),), settings(), None)
    assert trader.check((own("mlockall", "unset"),), settings(), None)[0].ok


def test_what_the_login_proves_gives_that_as_its_reason() -> None:
    asked = (own("static_arp", "resolved", reason="the login proves it"),)
    (result,) = trader.check(asked, settings(), None)
    assert (result.effective, result.ok, result.reason) == ("not read back", True, "the login proves it")
