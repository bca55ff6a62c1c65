"""The lists of the configuration, written into instruments."""

import pytest

from hftapp.config import ConfigError, parse
from hftapp.trader.instrument import Instrument
from hftapp.trader.risk.packing import MAX_INSTRUMENTS
from hftapp.trader.risk.permissions import Permissions


def applied(toml: str, symbol: str) -> tuple[bool, bool, int]:
    instrument = Instrument(symbol, 0)
    Permissions(parse(toml).risk).apply(instrument)
    return instrument.permitted, instrument.restricted, instrument.borrow


@pytest.mark.parametrize(
    ("toml", "symbol", "found"),
    [
        ("", "AAPL", (True, False, 10_000)),
        ('[risk]\npermitted = ["AAPL"]', "AAPL", (True, False, 10_000)),
        ('[risk]\npermitted = ["AAPL"]', "MSFT", (False, False, 10_000)),
        ("[risk]\npermitted = []", "AAPL", (False, False, 10_000)),
        ('[risk]\nrestricted = ["GME"]', "GME", (True, True, 10_000)),
        ('[risk]\nrestricted = ["GME"]', "AAPL", (True, False, 10_000)),
        ('[risk]\nrestricted = ["*"]', "AAPL", (True, True, 10_000)),
        ("[risk.borrow]\nAAPL = 500", "AAPL", (True, False, 500)),
        ("[risk.borrow]\nAAPL = 500", "MSFT", (True, False, 0)),
        ('[risk.borrow]\n"*" = 7\nAAPL = 500', "MSFT", (True, False, 7)),
        ("[risk.borrow]\n", "AAPL", (True, False, 0)),
    ],
)
def test_a_symbol_gets_what_the_lists_say(toml: str, symbol: str, found: tuple[bool, bool, int]) -> None:
    assert applied(toml, symbol) == found


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[risk]\npermitted = "AAPL"', "risk.permitted = 'AAPL': must be a list of symbols"),
        ('[risk]\nrestricted = ["TOOLONGXX"]', "risk.restricted = ['TOOLONGXX']: must be a list of symbols"),
        ("[risk]\nborrow = 3", "risk.borrow = 3: must be a table of symbols"),
        ("[risk.borrow]\nAAPL = -1", "risk.borrow = {'AAPL': -1}: must be a table of symbols"),
        ("[risk.borrow]\nAAPL = true", "risk.borrow = {'AAPL': True}: must be a table of symbols"),
        ("[risk.borrow]\nTOOLONGXX = 1", "risk.borrow = {'TOOLONGXX': 1}: must be a table of symbols"),
    ],
)
def test_a_mistake_in_a_list_is_named(toml: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(toml)
    assert any(problem.startswith(said) for problem in error.value.problems), error.value.problems


def test_an_instrument_the_gate_has_no_room_for_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"instrument 262144 \(AAPL\): there is room for 262144 instruments"):
        Permissions(parse("").risk).apply(Instrument("AAPL", MAX_INSTRUMENTS))
