"""What is near to an unknown name."""

import pytest

from lab.table import nearest


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("tikc", ["tick", "hz"], "; did you mean 'tick'?"),
        ("hz", ["SWAP", "HZ", "HZ_1"], "; did you mean 'HZ'?"),
        ("Nohz_Full", ["nohz_full", "NO_HZ_FULL"], "; did you mean 'nohz_full'?"),
        ("swpa", ["SWAP", "HZ"], "; did you mean 'SWAP'?"),
        ("moon", ["tick", "hz"], "; there are: tick, hz"),
        ("moon", [], "; there are: none"),
    ],
)
def test_what_is_near_is_offered_else_what_there_is(name: str, known: list[str], words: str) -> None:
    assert nearest(name, known) == words
