"""Phases of order flow run one after the other, each at the times that its flow asks for."""

from typing import Any

from exchange.script import Phase, Script


class Planned:
    """A flow with steps at given times."""

    def __init__(self, *times: int) -> None:
        self.times = list(times)
        self.done: list[int] = []
        self.began: int | None = None

    def start(self, now: int) -> None:
        self.began = now

    def next_time(self) -> int | None:
        return self.times[0] if self.times else None

    def step(self) -> None:
        self.done.append(self.times.pop(0))

    def counters(self) -> dict[str, Any]:
        return {"done": len(self.done)}


def test_steps_come_in_order_and_the_next_phase_follows_the_last_step() -> None:
    first, second = Planned(10, 20), Planned(25)
    script = Script([Phase("first", first, None, start=5), Phase("second", second)], lambda: 20)
    script.start()
    assert (first.began, script.began, script.phase and script.phase.speed) == (5, 5, None)
    assert script.next_time() == 10
    while script.step():
        pass
    assert (first.done, second.done) == ([10, 20], [25])
    assert second.began == 20, "where the first one ended"
    assert script.changes == 2
    second.times.append(40)
    assert script.next_time() == 40, "the last phase stays"


def test_a_phase_begins_within_the_last_step_of_the_one_before() -> None:
    now = [20]
    second = Planned(25)
    script = Script([Phase("first", Planned(10)), Phase("second", second)], lambda: now[0])
    script.start()
    script.step()
    now[0] = 999  # a client trades before anybody asks for the next step
    assert (script.next_time(), second.began) == (25, 20)


def test_an_empty_phase_is_passed_over() -> None:
    script = Script([Phase("nothing", Planned()), Phase("something", Planned(7))], lambda: 0)
    script.start()
    assert script.next_time() == 7


def test_nothing_happens_before_the_start_and_after_a_stop() -> None:
    script = Script([Phase("first", Planned(1)), Phase("second", Planned(2))], lambda: 0)
    assert script.next_time() is None
    assert not script.step()
    script.start()
    script.stop()
    assert script.next_time() is None
