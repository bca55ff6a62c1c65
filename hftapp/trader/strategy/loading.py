"""From `kind` and `params` of the configuration to a strategy's class: built in, or a user's own.

A user's is `module.Class`: class `Class` of `strategies/module.py`, a folder beside the program.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import ExtensionFileLoader
from types import ModuleType
from typing import Final, NamedTuple

from hftapp.config import ConfigError, StrategyConfig
from hftapp.trader.strategy.base import Context, Param, Strategy
from hftapp.trader.strategy.imbalance_taker import ImbalanceTaker
from hftapp.trader.strategy.market_maker import MarketMaker

PACKAGE: Final = "strategies"
KINDS: Final[Mapping[str, type[Strategy]]] = {"market_maker": MarketMaker, "imbalance_taker": ImbalanceTaker}
"""Built-in strategies by their kind; `hftapp.config_table.PARAMS` has their parameters."""
COMPILED: Final = "Cython"
METHODS: Final = ("on_book", "on_trade", "on_fill", "on_timer")
"""What a strategy may answer to; it has to answer to one of them."""
_EXAMPLE: Final = 'Param("size", 100, 1, 1000)'


class StrategyError(ConfigError):
    """A strategy that cannot be used as configured; the text says what there is."""

    def __init__(self, problem: str) -> None:
        super().__init__("[[strategy]]", [problem])


class Loaded(NamedTuple):
    """A strategy's class, its checked parameters, and how it runs: "Cython" or "Python"."""

    make: type[Strategy]
    params: Mapping[str, int]
    runs: str


def load(kind: str, params: Mapping[str, int]) -> Loaded:
    """Find the class of a kind and check its parameters. Raises StrategyError."""
    built_in = KINDS.get(kind)
    if built_in is not None:
        return Loaded(built_in, params, runs(built_in))
    cls = _class_of(kind)
    return Loaded(cls, _params(kind, cls, params), runs(cls))


def check(strategies: Iterable[StrategyConfig]) -> None:
    """Find the class of every strategy and check its parameters, make none. Raises ConfigError with every mistake."""
    problems = []
    for strategy in strategies:
        try:
            load(strategy.kind, strategy.params)
        except StrategyError as error:
            problems += error.problems
    if problems:
        raise ConfigError("[[strategy]]", problems)


def make(kind: str, loaded: Loaded, context: Context) -> Strategy:
    """Make a strategy. Raises StrategyError when its own `__init__` fails, or leaves out that of the base class."""
    where = f'strategy kind "{kind}" ({_file(loaded.make)})'
    try:
        strategy = loaded.make(context, loaded.params)
        complete = getattr(strategy, "context", None) is context
    except Exception as error:
        text = f"{where}: its __init__ failed in line {_line(error, loaded.make)}: {type(error).__name__}: {error}"
        if isinstance(error, AttributeError) and loaded.runs == COMPILED:
            text += "; a compiled strategy's attributes are declared in the .pxd"
        raise StrategyError(text) from error
    if not complete:
        raise StrategyError(f"{where}: its __init__ must call super().__init__(context, params)")
    return strategy


def runs(cls: type) -> str:
    """How a class runs: "Cython" when its module is compiled, else "Python"."""
    spec = sys.modules[cls.__module__].__spec__
    return COMPILED if spec is not None and isinstance(spec.loader, ExtensionFileLoader) else "Python"


def _line(error: Exception, cls: type) -> int:
    """The innermost line of a class's module that an error went through."""
    line, place = 0, error.__traceback__
    while place is not None:
        if place.tb_frame.f_globals.get("__name__") == cls.__module__:
            line = place.tb_lineno
        place = place.tb_next
    return line


def _file(cls: type) -> str:
    """The source of a class, as seen from the program's folder."""
    return cls.__module__.replace(".", "/") + ".py"


def _class_of(kind: str) -> type[Strategy]:
    name, _, wanted = kind.rpartition(".")
    if not name:
        raise StrategyError(f'strategy kind "{kind}": must be {_listed(KINDS)}, or a class as "module.Class"')
    module = _module(kind, f"{PACKAGE}.{name}")
    found = getattr(module, wanted, None)
    if found is None:
        own = [name for name, value in vars(module).items() if _is_strategy(value)]
        there = f"it has {_listed(own)}" if own else "it has no subclass of Strategy"
        raise StrategyError(f'strategy kind "{kind}": {module.__name__} has no {wanted}; {there}')
    if not _is_strategy(found):
        raise StrategyError(
            f'strategy kind "{kind}": {wanted} is no subclass of hftapp.trader.strategy.base.Strategy but '
            f"{found if inspect.isclass(found) else type(found).__name__}"
        )
    if all(getattr(found, method) is getattr(Strategy, method) for method in METHODS):
        raise StrategyError(f'strategy kind "{kind}": {wanted} must have one of {", ".join(METHODS)}')
    cls: type[Strategy] = found
    return cls


def _module(kind: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The module itself, or the folder; anything else is an import inside it.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _faulty(kind, name, error) from error
        there = _modules()
        text = f"there are {_listed(there)}" if there else f"no module lies in a folder {PACKAGE}/ beside the program"
        raise StrategyError(f'strategy kind "{kind}": there is no {name}; {text}') from None
    except Exception as error:
        raise _faulty(kind, name, error) from error


def _faulty(kind: str, name: str, error: Exception) -> StrategyError:
    return StrategyError(f'strategy kind "{kind}": {name} cannot be imported: {type(error).__name__}: {error}')


def _modules() -> list[str]:
    """Names of the modules in the users' folder."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        return []
    return sorted(module.name for module in pkgutil.iter_modules(spec.submodule_search_locations))


def _is_strategy(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Strategy) and value is not Strategy


def _params(kind: str, cls: type[Strategy], given: Mapping[str, int]) -> dict[str, int]:
    """What is given, checked against the class's own table, the rest from there."""
    table = _table(kind, cls)
    problems = [_unknown(name, table) for name in given if name not in table]
    found: dict[str, int] = {}
    for name, param in table.items():
        value = given.get(name, param.default)
        if value is None:
            problems.append(f"{name}: missing; must be an integer from {param.low} to {param.high}")
        elif not param.low <= value <= param.high:
            problems.append(f"{name} = {value!r}: must be an integer from {param.low} to {param.high}")
        else:
            found[name] = value
    if problems:
        raise StrategyError(f'params of strategy kind "{kind}": ' + "; ".join(problems))
    return found


def _table(kind: str, cls: type[Strategy]) -> dict[str, Param]:
    """`PARAMS` of a class by name. Raises StrategyError when that is no tuple of whole `Param`s."""
    where = f'strategy kind "{kind}" ({_file(cls)})'
    given: object = cls.PARAMS
    if isinstance(given, Param) or not isinstance(given, tuple | list):
        raise StrategyError(f"{where}: PARAMS is {_short(given)}: must be a tuple, as in PARAMS = ({_EXAMPLE},)")
    for param in given:
        if not isinstance(param, Param):
            raise StrategyError(f"{where}: PARAMS has {_short(param)}: must be a Param, as in {_EXAMPLE}")
        if type(param.name) is not str or not all(type(value) is int for value in (param.low, param.high)):
            raise StrategyError(f"{where}: PARAMS has {_short(param)}: a name and two integers are needed")
        if param.default is not None and type(param.default) is not int:
            raise StrategyError(f"{where}: PARAMS has {_short(param)}: the default must be an integer, or None")
    return {param.name: param for param in given}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown(name: str, table: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(table), n=1)
    if near:
        return f'{name}: unknown; did you mean "{near[0]}"?'
    return f"{name}: unknown; it takes {_listed(table)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"
