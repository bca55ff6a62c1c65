"""A run in the guest is recorded, and what it did is done again on this host, compiled and interpreted."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
        [sys.executable, "-m", "hftos.cli", "replay", str(recorded.directory / "office" / "recording"), "--json"],
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
