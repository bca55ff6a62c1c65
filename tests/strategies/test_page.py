"""What docs/strategies.md shows works as it is shown."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import strategies
from hftapp import config
from hftapp.trader.strategy.base import Context, Strategy

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_strategy_of_the_page_passes_the_test_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, test = blocks("python")
    (tmp_path / "pennies.py").write_text(source)
    monkeypatch.setattr(strategies, "__path__", [*strategies.__path__, str(tmp_path)])
    names: dict[str, Any] = {}
    exec(test, names)
    try:
        names["test_it_bids_a_cent_above_the_best_bid"]()
    finally:
        sys.modules.pop("strategies.pennies", None)


def test_the_configuration_of_the_page_is_one() -> None:
    (section,) = blocks("toml")
    minimal = {"nic": {"port": "memory", "address": ""}, "management": {"mac": "", "office": ""}}
    found = config.build({**minimal, **tomllib.loads(section)})
    assert (found.strategies[0].kind, found.strategies[0].params) == ("pennies.Pennies", {"size": 200})


def test_every_method_and_call_is_on_the_page() -> None:
    for cls in (Strategy, Context):
        for name, value in vars(cls).items():
            if callable(value) and not name.startswith("_"):
                assert re.search(rf"`{name}\(", PAGE), name
