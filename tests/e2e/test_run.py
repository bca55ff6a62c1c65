"""The whole loop: the image boots, joins the feed, trades, and everything adds up."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from office import files
from protocols import inotify
from protocols.management import State

pytestmark = pytest.mark.e2e

PID1_SECONDS = 2.5
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run(boot: Callable[..., Any]) -> Any:
    return boot("--seconds", "8")


def test_the_run_is_ok(run: Any) -> None:
    assert run.report["ok"], run.explain()
    assert run.status == 0
    assert run.report["reasons"] == []
    assert json.loads((run.directory / "report.json").read_text()) == run.report


def test_the_real_slice_was_received(run: Any) -> None:
    assert run.report["replay"]["received"] >= 1_000
    assert run.report["feed"]["messages"] >= 1_000
    assert run.report["feed"]["gaps"] == 0
    # Both lines carry every packet; the last copies may still be under way when the trader is done.
    assert abs(2 * run.report["feed"]["duplicates"] - run.report["feed"]["packets"]) <= 2


def test_it_traded_on_both_sides(run: Any) -> None:
    assert run.report["orders"]["accepted"] >= 100
    assert run.report["executions"]["bought"] > 0
    assert run.report["executions"]["sold"] > 0
    assert run.report["orders"]["executed_shares"] == sum(run.report["executions"].values())


def test_orders_and_books_agree_with_the_exchange(run: Any) -> None:
    assert run.report["reconciled"] is True
    assert run.report["books"]["equal"] is True
    assert run.report["books"]["compared"] >= 100
    assert run.report["books"]["levels"] >= 100
    for name in ("accepted", "rejected", "executed_shares", "cancelled"):
        assert run.report["orders"][name] == run.report["exchange"][name]


def test_the_guest_ended_by_itself(run: Any) -> None:
    assert run.report["guest"] == {"status": 0, "reason": "end of session", "machine": "guest-shutdown"}


def test_the_trader_has_a_cpu_of_its_own(run: Any) -> None:
    cpu = run.report["cpu"]
    assert cpu["isolated"] == cpu["nohz_full"] == [cpu["trader"]]
    assert cpu["per_s"] is not None
    assert cpu["seconds"] > 5


def test_the_card_is_served_by_dpdk(run: Any) -> None:
    assert run.report["port"].startswith("dpdk net_virtio ")


def test_the_trader_was_silent(run: Any) -> None:
    """It ran under a filter that ends it at any system call, and the kernel left it alone."""
    silence = run.report["silence"]
    assert silence["filter"] is True
    assert silence["seconds"] > 5
    found = {name: value for name, value in silence.items() if isinstance(value, int) and not isinstance(value, bool)}
    del found["allocations"]  # off the path: of the figures' names, of what it says about its state
    assert found == dict.fromkeys(found, 0)
    assert set(found) >= {"system_calls", "allocations_on_path", "minor_faults", "major_faults", "voluntary_switches"}
    assert set(silence["interrupts"]) <= {"LOC", "IWI", "RES", "CAL", "TLB"}
    assert all(row["why"] for row in silence["interrupts"].values())


def test_the_strategies_run_compiled(run: Any) -> None:
    assert {row["runs"] for row in run.report["strategies"].values()} == {"Cython"}
    assert run.report["stages"]["doorbell"]["count"] > 0


def test_every_knob_is_reported_and_none_failed(run: Any) -> None:
    assert len(run.report["knobs"]) == run.report["knob_counts"]["all"] > 0
    assert run.report["knob_counts"]["failed"] == 0
    assert all(knob["ok"] for knob in run.report["knobs"])


def test_a_run_of_one_second_holds_the_whole_slice(boot: Callable[..., Any]) -> None:
    run = boot("--seconds", "1")
    assert run.report["replay"]["received"] == run.report["replay"]["messages"] == 1_000, run.explain()


def test_pid_1_is_up_in_time(run: Any, boot: Callable[..., Any]) -> None:
    first = run.report["boot"]["pid1_s"]
    # Guest uptime is wall time: on a host that was busy just then, a second boot decides.
    assert first < PID1_SECONDS or boot("--seconds", "1").report["boot"]["pid1_s"] < PID1_SECONDS


def test_latency_is_reported_with_its_worth(run: Any) -> None:
    latency = run.report["tick_to_trade"]
    assert latency["count"] > 0
    assert latency["min"] <= latency["p50"] <= latency["p99"] <= latency["p999"] <= latency["max"]
    assert latency["quotable"] is False
    assert latency["not_quotable"] == {"kvm": "a virtual machine", "tcg": "emulated"}[run.report["accel"]]


def test_every_port_was_captured(run: Any) -> None:
    paths = [Path(name) for name in run.report["captures"]]
    assert {path.stem for path in paths} == {"exchange", "trader", "dropcopy", "office", "server"}
    expression = "igmp.maddr == 239.20.0.1 or udp.dstport == 26401 or tcp.port == 24000"
    trader = next(path for path in paths if path.stem == "trader")
    command = ["tshark", "-r", str(trader), "-Y", expression, "-T", "fields", "-e", "_ws.col.Protocol"]
    seen = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert {"IGMPv3", "UDP", "TCP"} <= seen


def test_no_frame_crossed_the_segments(run: Any) -> None:
    for name, foreign in (("trader", "10.30.0.0/24"), ("server", "10.20.0.0/24")):
        path = next(name_ for name_ in run.report["captures"] if Path(name_).stem == name)
        command = ["tshark", "-r", path, "-Y", f"ip.addr == {foreign}"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_the_phases_are_told_without_a_terminal(run: Any) -> None:
    for phase in ("network", "exchange", "boot", "login", "trading", "power off"):
        assert phase in run.progress


def test_the_management_network_stayed_whole(run: Any) -> None:
    summary = json.loads((run.directory / "office" / "summary.json").read_text())
    assert summary["faults"] == summary["conflicts"] == summary["duplicates"] == 0
    assert [file["missing"] for name in ("live", "journals") for file in summary[name].values()] == [0, 0]
    undeliverable = run.report["switch"]["undeliverable"]
    # The office looks for the drop copy before the guest is there: that question reaches nobody at the trader's port.
    assert undeliverable.pop("trader") <= 1
    # The office's last acknowledgement may come when the server is off already.
    assert undeliverable.pop("server") <= 1
    assert undeliverable == {"exchange": 0, "dropcopy": 0, "office": 0}


@pytest.mark.parametrize(("name", "reason"), [("stop", "stop command"), ("kill", "end of session")])
def test_the_operator_commands_a_run(tmp_path: Path, accelerator: Any, name: str, reason: str) -> None:
    directory = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "hftos.cli",
        "run",
        "--no-build",
        "--json",
        "--seconds",
        "8",
        "--dir",
        str(directory),
    ]
    operate = [sys.executable, "-c", "from office.cli import office; office()", name, "--dir", str(directory)]
    operate += ["--who", "Ada"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"HFTOS_ACCEL": accelerator.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        assert any("login" in line for line in run.stderr), "the trader never logged in"
        _wait_for_an_order(directory)
        done = subprocess.run(operate, cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, f"{name}: sent to 1 server\n")
        out, _ = run.communicate(timeout=120)
    report = json.loads(out)
    assert report["ok"], report["reasons"]
    assert run.returncode == 0
    assert report["guest"]["reason"] == reason
    assert report["books"]["equal"] is (None if name == "stop" else True)
    assert State(body=f"command {name} by Ada".encode()) in [frame.message for _, frame in files.live(directory)]
    assert not (directory / "office" / "control.json").exists()


def _wait_for_an_order(directory: Path) -> None:
    """Return once the exchange's log shows an accepted order."""
    changes = inotify.watch(directory / "exchange", inotify.MODIFIED)
    poller = select.poll()
    poller.register(changes, select.POLLIN)
    try:
        while "A" not in _answers(directory):
            assert poller.poll(60_000), "the exchange accepted no order within a minute"
            os.read(changes, 1 << 16)
    finally:
        os.close(changes)


def _answers(directory: Path) -> set[str]:
    """The types of what the exchange has sent so far."""
    lines = (directory / "exchange" / "orders.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return {chr(int(record["hex"][:2], 16)) for record in records if record["dir"] == "out"}
