"""Thresholds: defaults, a file over them, and errors that name file, key, value and range."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.surveillance.catalogue import RULES
from store.surveillance.cli import THRESHOLDS
from store.surveillance.thresholds import ThresholdError, check, defaults, read


def test_the_file_that_comes_with_it_has_all_defaults() -> None:
    assert read(THRESHOLDS, RULES) == defaults(RULES)
    text = THRESHOLDS.read_text()
    for rule in RULES:
        section = text.split(f"[{rule.NAME}]")[1].split("\n[")[0]
        for one in rule.THRESHOLDS:
            assert f"# {one.unit}: {one.meaning}" in section, one.name


def test_defaults_are_in_their_ranges() -> None:
    assert check(defaults(RULES), RULES) == defaults(RULES)


def test_a_file_overrides_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("[spoofing]\nratio = 7.5\n[wash_trade]\nenabled = false\n")
    settings = read(path, RULES)
    assert settings["spoofing"] == defaults(RULES)["spoofing"] | {"ratio": 7.5}
    assert settings["wash_trade"]["enabled"] is False
    assert settings["layering"] == defaults(RULES)["layering"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[spoof]\n", r"t\.toml: \[spoof\] is no rule: there are spoofing, layering"),
        ("spoofing = 5\n", r"spoofing = 5: give a section \[spoofing\]"),
        ("[spoofing]\nratoi = 5\n", "spoofing.ratoi: no such threshold; there are enabled, ratio"),
        ("[spoofing]\nratio = 0\n", r"spoofing.ratio = 0: give 1 to 10000 \(times\)"),
        ("[spoofing]\nratio = '5'\n", r"spoofing.ratio = '5': give a number \(times\)"),
        ("[spoofing]\nratio = true\n", "spoofing.ratio = True: give a number"),
        ("[spoofing]\nratio = nan\n", "spoofing.ratio = nan: give 1 to"),
        ("[spoofing]\nenabled = 1\n", "spoofing.enabled = 1: give true or false"),
        ("[restricted_list]\nsymbols = 'XYZ'\n", "give a list of names"),
        ("[restricted_list]\nsymbols = ['']\n", "give a list of names"),
        ("[spoofing\n", "is no TOML file"),
        ("\x00", "is no TOML file"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises(ThresholdError, match=message):
        read(path, RULES)
    with pytest.raises(ThresholdError, match="cannot read"):
        read(tmp_path / "missing.toml", RULES)


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["spoofing", "restricted_list", "x"]), VALUES, max_size=3))
def test_anything_is_settings_or_a_threshold_error(given: dict[str, Any]) -> None:
    try:
        assert set(check(given, RULES)) == {rule.NAME for rule in RULES}
    except ThresholdError:
        pass
