"""Which missing messages to ask the re-request server for, when, and when to stop asking (PROTOCOLS §2.4, §2.5)."""

from dataclasses import dataclass


@dataclass(slots=True)
class Asked:
    """An outstanding request for messages ``first`` to ``last``, both included."""

    first: int
    last: int
    attempts: int
    deadline: int


class UnansweredError(Exception):
    """A request was repeated as often as allowed."""


class RequestWindow:
    """At most ``limit`` requests outstanding, of at most ``size`` messages each. Times in ns.

    A request without answer is repeated after ``timeout``, then after twice as long, and so on, ``attempts`` times in
    all. An answer with a part of the messages is asked on at once.
    """

    def __init__(self, limit: int, size: int, timeout: int, attempts: int) -> None:
        self.limit = limit
        self.repeated = 0
        self._size, self._timeout, self._attempts = size, timeout, attempts
        self._asked: list[Asked] = []

    def clear(self) -> None:
        """Forget what was asked for."""
        self._asked.clear()

    def next_deadline(self) -> int | None:
        """When the first request has to be repeated."""
        return min((asked.deadline for asked in self._asked), default=None)

    @property
    def outstanding(self) -> int:
        """Number of requests without answer."""
        return len(self._asked)

    def plan(self, missing: list[tuple[int, int]], now: int) -> list[tuple[int, int]]:
        """Requests (first number, count) to send now for the ``missing`` runs; UnansweredError: it is of no use."""
        requests = [request for asked in list(self._asked) if (request := self._follow_up(asked, missing, now))]
        for first, last in missing:
            position = first
            while position <= last and len(self._asked) < self.limit:
                covering = [asked.last for asked in self._asked if asked.first <= position <= asked.last]
                if covering:
                    position = max(covering) + 1
                    continue
                following = [asked.first for asked in self._asked if asked.first > position]
                stop = min([position + self._size - 1, last, *(start - 1 for start in following)])
                self._asked.append(Asked(position, stop, 1, now + self._timeout))
                requests.append((position, stop - position + 1))
                position = stop + 1
        return requests

    def _follow_up(self, asked: Asked, missing: list[tuple[int, int]], now: int) -> tuple[int, int] | None:
        """Drop an outstanding request that is met, ask on for one met in part, repeat one that is overdue."""
        rest = [(max(a, asked.first), min(b, asked.last)) for a, b in missing if a <= asked.last and b >= asked.first]
        if not rest:
            self._asked.remove(asked)
            return None
        first, last = rest[0][0], rest[-1][1]
        progress = first > asked.first
        asked.first, asked.last = first, last
        if progress:
            asked.attempts = 0
        elif now < asked.deadline:
            return None
        elif asked.attempts >= self._attempts:
            raise UnansweredError(f"messages {first} to {last} were asked for {asked.attempts} times")
        else:
            self.repeated += 1
        asked.deadline = now + (self._timeout << asked.attempts)
        asked.attempts += 1
        return first, last - first + 1
