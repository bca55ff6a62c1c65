"""Limits how often something may be tried by one name or address: a token bucket for each, bounded in memory."""

from typing import Final

MOST: Final = 10_000


class Throttle:
    """`burst` tries at once, then one in `seconds`. Times are monotonic seconds."""

    def __init__(self, burst: int, seconds: float) -> None:
        self._burst = burst
        self._seconds = seconds
        self._full_at: dict[str, float] = {}

    def wait(self, key: str, now: float) -> float:
        """Seconds until the next try is allowed, 0 when it is now."""
        full = self._full_at.get(key, now)
        return max(0.0, full - now - (self._burst - 1) * self._seconds)

    def count(self, key: str, now: float) -> None:
        """A try was made."""
        full = max(self._full_at.pop(key, now), now) + self._seconds
        self._full_at[key] = full
        if len(self._full_at) > MOST:
            self._forget(now)

    def clear(self, key: str) -> None:
        """It succeeded: the tries before no longer count."""
        self._full_at.pop(key, None)

    def _forget(self, now: float) -> None:
        """Drop who is free again; when nobody is, who tried longest ago."""
        free = [key for key, full in self._full_at.items() if full <= now]
        for key in free or [next(iter(self._full_at))]:
            del self._full_at[key]
