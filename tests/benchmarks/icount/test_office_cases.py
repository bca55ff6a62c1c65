"""A case beside a session: nothing befalls the office before its tick, and the session waits for it to be back."""

from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks.icount.office_cases import BASE, CASES, Case, Play

TICKS = 9


class FakeOffice:
    """Reached as far as a test says."""

    def __init__(self) -> None:
        self.far = 0

    def reached(self) -> int:
        return self.far

    def close(self) -> None:
        """Nothing is open."""


def play(events: list[str]) -> tuple[Play, FakeOffice]:
    case = Case(
        "x", "it", None, strike=lambda _: events.append("strike"), mend=lambda _: events.append("mend"), whole=True
    )
    made, office = Play(case, Path(), TICKS), FakeOffice()
    made.office = cast(Any, office)
    return made, office


def test_trading_begins_when_the_office_is_reached() -> None:
    made, office = play([])
    assert not made.may(0)
    office.far = 1
    assert made.may(0)


def test_the_office_goes_after_a_third_and_is_waited_for_after_two() -> None:
    events: list[str] = []
    made, office = play(events)
    office.far = 5
    assert all(made.may(number) for number in range(3))
    assert events == []
    assert all(made.may(number) for number in range(3, 6))
    assert events == ["strike"]
    assert [made.may(6), made.may(6)] == [False, False]
    assert events == ["strike", "mend"]
    office.far = 6
    assert all(made.may(number) for number in range(6, TICKS))
    assert events == ["strike", "mend"]


def test_without_an_office_every_tick_may_come() -> None:
    made = Play(BASE, Path(), TICKS)
    with made.beside(Path()):
        assert all(made.may(number) for number in range(TICKS))
    assert (made.applied, made.office) == ({}, None)


def test_every_case_is_a_row_of_its_own_and_only_the_first_has_no_office() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert [case.name for case in CASES if case.office is None] == [BASE.name] == names[:1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_struck_is_mended(case: Case) -> None:
    assert (case.strike is None) == (case.mend is None)
