"""A guest that cannot do its work ends with its console, an exit status and a reason, within its budget."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


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


def test_a_wrong_configuration_ends_the_guest_with_its_reason(boot: Callable[..., Any], tmp_path: Any) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text("[feed]\nnonsense = 1\n")
    run = boot("--config", str(config))
    assert run.status == 1
    assert run.report["guest"]["status"] not in (None, 0)
    assert "nonsense" in run.report["reasons"][0]
