"""From the configuration to a strategy's class: what is there, and what is said about what is not."""

import sys
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from pathlib import Path

import pytest

from hftapp.config import ConfigError, StrategyConfig
from hftapp.config_table import PARAMS
from hftapp.trader.strategy import loading
from hftapp.trader.strategy.base import Context
from hftapp.trader.strategy.loading import StrategyError, load
from hftapp.trader.strategy.market_maker import MarketMaker
from tests.hftapp.trader.rig import Rig

GOOD = """
from hftapp.trader.strategy.base import Param, Strategy
class Mine(Strategy):
    PARAMS = (Param("size", 100, 1, 1000), Param("edge", None, 0, 50))
    def on_book(self, instrument):
        pass
class Idle(Strategy):
    pass
class Other:
    def on_book(self, instrument):
        pass
value = 3
class Tuples(Mine):
    PARAMS = (("size", 1, 1, 10),)
class Comma(Mine):
    PARAMS = (Param("size", 1, 1, 10))
class Floats(Mine):
    PARAMS = (Param("size", 1, 0.5, 10),)
class Number(Mine):
    PARAMS = 3
class Default(Mine):
    PARAMS = (Param("size", "1", 1, 10),)
class Fails(Mine):
    def __init__(self, context, params):
        super().__init__(context, params)
        self.nothing = params["nothing"]
class Alone(Mine):
    def __init__(self, context, params):
        pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of strategies of its own."""
    place = tmp_path / "strategies"
    place.mkdir()
    (place / "__init__.py").write_text("")
    (place / "good.py").write_text(GOOD)
    (place / "broken.py").write_text("import no_such_library\n")
    (place / "wrong.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "strategies"}
    for name in before:
        del sys.modules[name]
    yield place
    for name in [name for name in sys.modules if name.split(".")[0] == "strategies"]:
        del sys.modules[name]
    sys.modules.update(before)


def said(kind: str, **params: int) -> str:
    with pytest.raises(StrategyError) as caught:
        load(kind, params)
    (problem,) = caught.value.problems
    return problem


def test_built_in_ones_are_known_by_their_kind() -> None:
    assert set(loading.KINDS) == set(PARAMS)
    assert load("market_maker", {"size": 5}) == (MarketMaker, {"size": 5}, "Python")


def test_a_class_of_the_folder_with_its_defaults(folder: Path) -> None:
    found = load("good.Mine", {"edge": 7})
    assert (found.make.__name__, found.params, found.runs) == ("Mine", {"size": 100, "edge": 7}, "Python")


def test_a_kind_that_is_none() -> None:
    assert said("maker") == (
        'strategy kind "maker": must be "market_maker", "imbalance_taker", or a class as "module.Class"'
    )


def test_a_module_that_is_not_there(folder: Path) -> None:
    assert said("goood.Mine") == (
        'strategy kind "goood.Mine": there is no strategies.goood; there are "broken", "good", "wrong"'
    )


def test_no_folder_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "PACKAGE", "no_such_folder")
    assert said("good.Mine") == (
        'strategy kind "good.Mine": there is no no_such_folder.good; no module lies in a folder no_such_folder/ '
        "beside the program"
    )


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("broken", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("wrong", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_does_not_import(folder: Path, module: str, why: str) -> None:
    assert said(f"{module}.Mine") == f'strategy kind "{module}.Mine": strategies.{module} cannot be imported: {why}'


def test_a_class_that_is_not_there(folder: Path) -> None:
    assert said("good.Minne") == (
        'strategy kind "good.Minne": strategies.good has no Minne; it has "Mine", "Idle", "Tuples", "Comma", "Floats", '
        '"Number", "Default", "Fails", "Alone"'
    )


@pytest.mark.parametrize(("name", "what"), [("Other", "<class 'strategies.good.Other'>"), ("value", "int")])
def test_a_class_that_is_no_strategy(folder: Path, name: str, what: str) -> None:
    assert said(f"good.{name}") == (
        f'strategy kind "good.{name}": {name} is no subclass of hftapp.trader.strategy.base.Strategy but {what}'
    )


def test_a_strategy_that_answers_to_nothing(folder: Path) -> None:
    assert said("good.Idle") == (
        'strategy kind "good.Idle": Idle must have one of on_book, on_trade, on_fill, on_timer'
    )


def test_parameters_are_checked_all_at_once(folder: Path) -> None:
    assert said("good.Mine", sise=3, foo=1, size=1001) == (
        'params of strategy kind "good.Mine": sise: unknown; did you mean "size"?; '
        'foo: unknown; it takes "size", "edge"; size = 1001: must be an integer from 1 to 1000; '
        "edge: missing; must be an integer from 0 to 50"
    )


@pytest.mark.parametrize(("size", "allowed"), [(0, False), (1, True), (1000, True), (1001, False)])
def test_the_limits_of_a_parameter_are_allowed_and_no_more(folder: Path, size: int, allowed: bool) -> None:
    if allowed:
        assert load("good.Mine", {"size": size, "edge": 0}).params["size"] == size
    else:
        assert f"size = {size}: must be" in said("good.Mine", size=size, edge=0)


def test_a_compiled_module_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("good.Mine", {"edge": 0})
    module = sys.modules["strategies.good"]
    spec = ModuleSpec("strategies.good", ExtensionFileLoader("strategies.good", "good.so"))
    monkeypatch.setattr(module, "__spec__", spec)
    assert load("good.Mine", {"edge": 0}).runs == "Cython"


EXAMPLE = 'Param("size", 100, 1, 1000)'


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Tuples", f"PARAMS has ('size', 1, 1, 10): must be a Param, as in {EXAMPLE}"),
        (
            "Comma",
            "PARAMS is Param(name='size', default=1, low=1, high=10, what=''): must be a tuple, as in "
            f"PARAMS = ({EXAMPLE},)",
        ),
        ("Number", f"PARAMS is 3: must be a tuple, as in PARAMS = ({EXAMPLE},)"),
        (
            "Floats",
            "PARAMS has Param(name='size', default=1, low=0.5, high=10, what=''): a name and two integers are needed",
        ),
        (
            "Default",
            "PARAMS has Param(name='size', default='1', low=1, high=10, what=''): "
            "the default must be an integer, or None",
        ),
    ],
)
def test_a_table_of_parameters_that_is_none_is_named_with_kind_and_file(folder: Path, name: str, what: str) -> None:
    assert said(f"good.{name}") == f'strategy kind "good.{name}" (strategies/good.py): {what}'


def made(kind: str) -> str:
    with pytest.raises(StrategyError) as caught:
        loading.make(kind, load(kind, {"edge": 0}), Context())
    (problem,) = caught.value.problems
    return problem


def test_a_strategy_that_cannot_be_made_is_named_with_kind_file_and_line(folder: Path) -> None:
    line = GOOD.splitlines().index('        self.nothing = params["nothing"]') + 1
    assert made("good.Fails") == (
        f"strategy kind \"good.Fails\" (strategies/good.py): its __init__ failed in line {line}: KeyError: 'nothing'"
    )


def test_a_strategy_that_forgets_its_base_class_is_told(folder: Path) -> None:
    assert made("good.Alone") == (
        'strategy kind "good.Alone" (strategies/good.py): its __init__ must call super().__init__(context, params)'
    )


def test_an_attribute_that_a_compiled_strategy_lacks_points_at_its_pxd(folder: Path) -> None:
    loaded = load("good.Mine", {"edge": 0})

    class Slotted(loaded.make):  # type: ignore[name-defined, misc]
        def __init__(self, context: Context, params: object) -> None:
            raise AttributeError("no attribute 'x'")

    with pytest.raises(StrategyError, match=r"a compiled strategy's attributes are declared in the \.pxd"):
        loading.make("good.Mine", loaded._replace(make=Slotted, runs="Cython"), Context())


def test_the_mistakes_of_all_strategies_are_told_at_once(folder: Path) -> None:
    wanted = [
        StrategyConfig(kind, ("*",), 1, params)
        for kind, params in (("good.Mine", {"sise": 3}), ("market_maker", {}), ("wrong.Mine", {}))
    ]
    with pytest.raises(ConfigError) as caught:
        loading.check(wanted)
    first, second = caught.value.problems
    assert 'sise: unknown; did you mean "size"?' in first
    assert "ZeroDivisionError" in second


def test_a_desk_makes_its_strategy_with_these_checks(folder: Path) -> None:
    with pytest.raises(StrategyError, match=r'"good\.Fails" \(strategies/good\.py\): its __init__ failed'):
        Rig("good.Fails", edge=0)
