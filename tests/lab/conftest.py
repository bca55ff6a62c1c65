"""A small catalogue, a guest that is a function, and an audience that remembers."""

from pathlib import Path

import pytest

from lab.knob_levels import Knobs
from tests.lab.doubles import Told, make_knobs


@pytest.fixture
def knobs(tmp_path: Path) -> Knobs:
    return make_knobs(tmp_path)


@pytest.fixture
def told() -> Told:
    return Told()
