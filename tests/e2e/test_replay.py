"""A run in the guest is recorded, and what it did is done again on this host, compiled and interpreted."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from office import files
from office.explain.document import explain
from office.explain.evidence import gather
from office.explain.story import of_decision
from protocols import management
from protocols.decision_digest import digest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def recorded(boot: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("configuration") / "hftos.toml"
    shipped = (ROOT / "hftos.toml").read_text(encoding="utf-8")
    place.write_text(shipped.replace("[host]\n", "[host]\nrecord = true\n"), encoding="utf-8")
    return boot("--seconds", "4", "--config", str(place))


@pytest.mark.parametrize("interpreted", ["0", "1"], ids=["compiled", "interpreted"])
def test_a_live_run_and_its_replay_send_the_same_orders(recorded: Any, interpreted: str) -> None:
    assert recorded.report["ok"], recorded.explain()
    done = subprocess.run(
        [sys.executable, "-m", "hftos.cli", "replay", str(recorded.directory), "--json"],
        cwd=ROOT,
        env=os.environ | {"HFTOS_INTERPRETED": interpreted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["identical"] is True
    assert found["messages"] == recorded.report["orders"]["sent"] > 50


def replayed(directory: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hftos.cli", "replay", str(directory), "--json", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("speed", ["1", "10", "max"])
def test_the_replay_has_the_live_runs_decision_hash_at_every_pace(recorded: Any, speed: str) -> None:
    done = replayed(recorded.directory, "--speed", speed)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    live = [entry.decision() for entry in files.journal(recorded.directory) if entry.kind == management.DECISION]
    assert found["decision_hash"] == found["recorded_decision_hash"] == digest(live)
    assert found["decisions"] == len(live) > 50


def test_a_changed_strategy_is_shown_with_its_first_differing_decision(recorded: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    shipped = (ROOT / "hftos.toml").read_text(encoding="utf-8")
    other.write_text(shipped.replace("size = 100, half_spread", "size = 60, half_spread"), encoding="utf-8")
    done = replayed(recorded.directory, "--config", str(other))
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["decision_hash"] != found["recorded_decision_hash"]
    difference = found["decision_difference"]
    assert (difference["recorded"]["shares"], difference["replayed"]["shares"]) == (100, 60)


def test_every_order_of_the_run_is_explained_from_the_wire_to_the_wire(recorded: Any) -> None:
    """By the journal and the capture alone; an order that was replaced too late may have no answer of its own."""
    with gather(recorded.directory) as evidence:
        numbers = [entry.number for entry in evidence.entries if entry.kind == management.DECISION]
        missing: list[str] = []
        for number in numbers:
            document = explain(evidence, of_decision(evidence.entries, number))
            missing += document["missing"]
            market, entered = document["market"], document["sent"][:1]
            assert market["sequence"] == document["decision"]["sequence"]
            if entered and market["caused"]:
                assert entered[0]["capture_ns"] > market["capture_ns"]
    assert len(numbers) > 50
    assert set(missing) <= {"no answer of the exchange is in the journal"}
