"""Several flows as one: in time order, ties by the order in which they were named."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exchange.flow.merge import Merged


class Scripted:
    """Acts at given times and writes down that it did."""

    def __init__(self, name: str, times: list[int], said: list[tuple[int, str]]) -> None:
        self.name, self.times, self.said = name, times, said
        self.begun: int | None = None

    def start(self, now: int) -> None:
        self.begun = now

    def next_time(self) -> int | None:
        return self.times[0] if self.times else None

    def step(self) -> None:
        self.said.append((self.times.pop(0), self.name))

    def counters(self) -> dict[str, Any]:
        return {"left": len(self.times)}


@given(st.lists(st.lists(st.integers(0, 20)).map(sorted), min_size=1, max_size=4))
def test_all_actions_come_in_time_order_with_deterministic_ties(scripts: list[list[int]]) -> None:
    said: list[tuple[int, str]] = []
    names = [f"f{i}" for i in range(len(scripts))]
    merged = Merged({name: Scripted(name, list(times), said) for name, times in zip(names, scripts, strict=True)})
    while (time := merged.next_time()) is not None:
        merged.step()
        assert said[-1][0] == time
    assert said == sorted((time, name) for name, times in zip(names, scripts, strict=True) for time in times)
    merged.step()
    assert merged.counters() == {name: {"left": 0} for name in names}


def test_all_begin_at_once() -> None:
    flows = {name: Scripted(name, [], []) for name in "ab"}
    Merged(flows).start(77)
    assert [flow.begun for flow in flows.values()] == [77, 77]


def test_a_flow_that_becomes_due_earlier_is_asked_again() -> None:
    said: list[tuple[int, str]] = []
    late = Scripted("late", [100], said)

    class Waking(Scripted):
        def step(self) -> None:
            super().step()
            late.times[0] = 15

    merged = Merged({"a": Waking("a", [10, 20], said), "late": late})
    merged.step()
    assert merged.next_time() == 15
    merged.step()
    assert said == [(10, "a"), (15, "late")]
