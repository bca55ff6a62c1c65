"""Repeats that were raised after results were there, as an experiment's plan keeps them.

Who looks at results, adds repeats, looks again and stops when something shows finds false effects more often than
reports say (`docs/statistics.md`). So each raise is kept, and every later report says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from lab.errors import StorageError
from lab.model import Result

KEY: Final = "raised"
"""In a plan's dictionary; without it none was raised."""


@dataclass(frozen=True, slots=True)
class Raise:
    """From how many repeats to how many, and how many runs had succeeded then."""

    before: int
    after: int
    results: int


def of(table: Mapping[str, Any]) -> list[Raise]:
    """The raises in a plan's dictionary, the first one first. Raises StorageError for what is none."""
    try:
        found = [Raise(**row) for row in table.get(KEY, [])]
    except TypeError as error:
        raise StorageError(f"the plan holds no raises of repeats ({error}): begin anew with --fresh") from error
    return found


def as_dict(raises: Sequence[Raise]) -> dict[str, Any]:
    """As a plan's dictionary takes them."""
    return {KEY: [asdict(each) for each in raises]}


def after(stored: Mapping[str, Any] | None, repeats: int, results: Sequence[Result]) -> list[Raise]:
    """The raises of a stored plan, and that to `repeats` when it is one: more than there ever were, with results."""
    if stored is None:
        return []
    found = of(stored)
    before = max([int(stored.get("repeats", repeats)), *(each.after for each in found)])
    done = sum(not result.error for result in results)
    return [*found, Raise(before, repeats, done)] if done and repeats > before else found


def words(raises: Sequence[Raise]) -> str:
    """What a report warns of; empty without raises."""
    if not raises:
        return ""
    times = "once" if len(raises) == 1 else f"{len(raises)} times"
    steps = "; ".join(f"{each.before} to {each.after}, with {each.results} results" for each in raises)
    return f"repeats were raised {times} after results were there ({steps}): that finds false effects more often"
