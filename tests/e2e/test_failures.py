"""A guest that cannot do its work ends with its console, an exit status and a reason, within its budget."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


def test_a_kernel_panic_is_named_and_shown(boot: Callable[..., Any]) -> None:
    run = boot("--append", "rdinit=/nonexistent")
    assert run.status == 1
    assert "Kernel panic" in run.report["reasons"][0]
    assert run.report["guest"]["status"] is None
    assert "Kernel panic" in run.report["console"]
    assert run.report["reconciled"] is False
    assert run.report["books"]["equal"] is False


def test_a_trader_that_never_reaches_the_exchange_is_given_up(boot: Callable[..., Any]) -> None:
    run = boot("--link", "trader:both:down", "--patience", "0.3")
    assert run.status == 1
    assert "login: the trader did not log in at the exchange" in run.report["reasons"][0]
    assert "connecting" in run.report["console"]
    assert run.report["boot"]["pid1_s"] > 0


def test_a_login_that_is_refused_ends_the_guest_with_its_reason(boot: Callable[..., Any], tmp_path: Path) -> None:
    config = tmp_path / "wrong.toml"
    text = (ROOT / "hftos.toml").read_text()
    assert 'password = "secret1"' in text
    config.write_text(text.replace('password = "secret1"', 'password = "wrong"'))
    run = boot("--config", str(config))
    assert run.status == 1
    assert run.report["guest"]["status"] not in (None, 0)
    assert "login HFT1 refused" in run.report["reasons"][0]
    assert not any("the guest ended with status 0" in reason for reason in run.report["reasons"])


def test_a_wrong_configuration_starts_nothing(tmp_path: Path) -> None:
    config, directory = tmp_path / "wrong.toml", tmp_path / "run"
    config.write_text("[feed]\nnonsense = 1\n")
    command = [sys.executable, "-m", "hftos.cli", "run", "--config", str(config), "--dir", str(directory)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert not directory.exists()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals, status: int) -> None:
    command = [sys.executable, "-m", "hftos.cli", "run", "--no-build", "--dir", str(tmp_path / "run")]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    ) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "exchange" in line:  # that phase is over: the guest is being started
                break
        run.send_signal(number)
        rest = run.stderr.read()
    assert run.returncode == status
    assert "nothing of it is left running" in rest
    assert "Traceback" not in rest
    assert not list(tmp_path.glob("hftos-*"))
