"""How long a guest may take: measured in its own CPU time, because a busy host may give it little."""

import asyncio
from dataclasses import dataclass

from qemu.children import Child


@dataclass(frozen=True, slots=True)
class Budgets:
    """How long a phase may take, in seconds of the guest's CPU time (of the wall clock where no guest is involved).

    A slow or busy host gives a guest little CPU, which is no fault of the guest; so wall time may be `WALL_FACTOR`
    times as long.
    """

    ready: float = 20.0
    boot: float = 40.0
    login: float = 30.0
    silence: float = 20.0
    power_off: float = 30.0
    stop: float = 15.0
    store: float = 60.0

    WALL_FACTOR = 6.0

    def scaled(self, factor: float) -> "Budgets":
        """All budgets multiplied."""
        return Budgets(*(factor * getattr(self, name) for name in self.__dataclass_fields__))


class Budget:
    """Seconds of a guest's CPU time, and a longer span of wall time for a host that gives it little."""

    def __init__(self, guest: Child, seconds: float) -> None:
        self._guest, self._seconds = guest, seconds
        self.restart()

    def restart(self) -> None:
        """Begin anew."""
        self._cpu, self._wall = self._guest.cpu_seconds(), asyncio.get_running_loop().time()

    def used_up(self) -> bool:
        """Whether the CPU time, or `WALL_FACTOR` times as much wall time, is spent."""
        cpu, wall = self._spent()
        return cpu >= self._seconds or wall >= self._seconds * Budgets.WALL_FACTOR

    def _spent(self) -> tuple[float, float]:
        return self._guest.cpu_seconds() - self._cpu, asyncio.get_running_loop().time() - self._wall

    def __str__(self) -> str:
        cpu, wall = self._spent()
        return f"{cpu:.1f} s of guest CPU time and {wall:.1f} s went by (budget {self._seconds:g} s)"
