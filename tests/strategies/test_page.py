"""What docs/strategies.md shows works as it is shown."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import strategies
from hftapp import config
from hftapp.trader.strategy.base import Context, Strategy
from protocols.ouch50 import EnterOrder
from tests.hftapp.trader.rig import Rig, add

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def pennies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The strategy of the page, where strategies are looked for."""
    (tmp_path / "pennies.py").write_text(blocks("python")[0])
    monkeypatch.setattr(strategies, "__path__", [*strategies.__path__, str(tmp_path)])
    yield
    sys.modules.pop("strategies.pennies", None)


@pytest.mark.usefixtures("pennies")
def test_the_strategy_of_the_page_passes_the_test_of_the_page() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[1], names)
    names["test_it_bids_a_cent_above_the_best_bid"]()


@pytest.mark.usefixtures("pennies")
def test_the_strategy_of_the_page_does_not_bid_at_the_offer() -> None:
    floor = Rig("pennies.Pennies")
    floor.feed(add(1, "B", 500, 99_9900), add(2, "S", 500, 100_0000))
    (order,) = floor.sent
    assert isinstance(order, EnterOrder)
    assert order.price == 99_9900


def test_every_c_type_of_the_page_s_pxd_is_cimported() -> None:
    (block,) = blocks("cython")
    declared = "\n".join(line for line in block.splitlines() if "cimport" not in line)
    names = set(re.findall(r"\b(\w+_t|[A-Z]\w+)\b", declared)) - {"JoinBest", "Py_ssize_t"}
    imported = {name for line in re.findall(r"cimport (.+)", block) for name in re.split(r",\s*", line)}
    assert names <= imported


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
