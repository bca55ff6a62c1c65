"""A budget counts the guest's CPU time, and wall time when the guest gets none."""

import asyncio

import pytest

from qemu.budget import Budget, Budgets


class Guest:
    """Stands for a child process whose CPU time the test decides."""

    seconds = 5.0

    def cpu_seconds(self) -> float:
        return self.seconds


def test_cpu_time_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        guest, wall = Guest(), 100.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: wall)
        watch = Budget(guest, 10)  # type: ignore[arg-type]
        assert not watch.used_up()
        guest.seconds = 14.9
        assert not watch.used_up()
        guest.seconds = 15.0
        assert watch.used_up()
        assert str(watch) == "10.0 s of guest CPU time and 0.0 s went by (budget 10 s)"
        watch.restart()
        assert not watch.used_up()
        wall += 10 * Budgets.WALL_FACTOR
        assert watch.used_up()

    asyncio.run(play())


def test_budgets_scale() -> None:
    assert Budgets().scaled(2).boot == 2 * Budgets().boot
    assert Budgets().scaled(1) == Budgets()
