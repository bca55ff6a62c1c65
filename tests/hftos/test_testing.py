"""`hftos test`: what its two passes say together."""

import subprocess
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from hftos import testing


@pytest.mark.parametrize(
    ("arguments", "unit", "e2e", "status"),
    [
        ([], 0, 0, 0),
        ([], 0, 5, 5),
        ([], 1, 0, 1),
        (["-k", "name"], 0, 5, 0),
        (["-k", "name"], 5, 0, 0),
        (["-k", "name"], 5, 1, 1),
        (["-k", "name"], 2, 5, 2),
        (["-k", "name"], 5, 5, 5),
        (["--unit", "-k", "name"], 5, 0, 5),
        (["--e2e", "-k", "name"], 0, 5, 5),
    ],
)
def test_a_selection_may_be_empty_in_one_pass_and_not_in_all(
    monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], unit: int, e2e: int, status: int
) -> None:
    monkeypatch.setattr(testing, "_build_images", lambda _profiles: None)
    monkeypatch.setattr(subprocess, "call", lambda command, **_: unit if "not e2e" in command else e2e)
    result = CliRunner().invoke(testing.test, arguments)
    assert result.exit_code == status
    said = "Error: -k name selects no test: look whether a name has changed\n"
    assert (said in result.output) == (status == 5 and "-k" in arguments)
