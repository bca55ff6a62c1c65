"""What the protocol tests share: the reference tables, real bytes, and strategies for valid messages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from protocols import binaryfile, ouch50
from protocols.fields import Alpha, Char, Integer, Kind
from protocols.ouch50_options import OPTIONS
from protocols.wire import Message

HERE = Path(__file__).parent
SNIPPET = HERE.parent / "data" / "12302019_SNIPPET.NASDAQ_ITCH50"

# A loaded machine is no fault of the code.
settings.register_profile("protocols", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("protocols")


@pytest.fixture(scope="session")
def tables() -> Any:
    return json.loads((HERE / "data" / "tables.json").read_text())


@pytest.fixture(scope="session")
def golden_itch() -> Any:
    return json.loads((HERE / "data" / "golden_itch50.json").read_text())


@pytest.fixture(scope="session")
def snippet_path() -> Path:
    return SNIPPET


@pytest.fixture(scope="session")
def snippet() -> list[bytes]:
    return list(binaryfile.read(SNIPPET))


def values(kind: Kind) -> st.SearchStrategy[Any]:
    """Values that a kind can encode and that decode to themselves."""
    if isinstance(kind, Char):
        return st.sampled_from(sorted(kind.by_char))
    if isinstance(kind, Integer):
        low = -(1 << 8 * kind.size - 1) if kind.signed else 0
        return st.integers(low, low + (1 << 8 * kind.size) - 1)
    assert isinstance(kind, Alpha)
    text = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=kind.size)
    return text.map(lambda value: value.rstrip(" "))


def _options(cls: type[ouch50.OuchMessage]) -> st.SearchStrategy[tuple[ouch50.Option, ...]]:
    option = st.sampled_from(sorted(cls.TAGS | cls.TAGS_2023)).flatmap(
        lambda tag: values(OPTIONS[tag].kind).map(lambda value: ouch50.Option(tag, value))
    )
    return st.lists(option, max_size=4).map(tuple)


def _messages(cls: type[Message]) -> st.SearchStrategy[Message]:
    attributes = {field.name: values(field.kind) for field in cls.FIELDS}
    if issubclass(cls, ouch50.OuchMessage) and cls.APPENDAGE is not ouch50.Appendage.NONE:
        attributes["appendage"] = _options(cls)
    return st.fixed_dictionaries(attributes).map(lambda chosen: cls(**chosen))


@pytest.fixture(scope="session")
def messages() -> Callable[[type[Message]], st.SearchStrategy[Message]]:
    """A function that makes the strategy of all valid messages of a class."""
    return _messages


@pytest.fixture(scope="session")
def field_values() -> Callable[[Kind], st.SearchStrategy[Any]]:
    """A function that makes the strategy of all values of a kind."""
    return values
