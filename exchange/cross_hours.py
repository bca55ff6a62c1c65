"""When orders for a cross are taken and cancelled, and when the cross is indicated and held."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.clock import SECOND

MINUTE = 60 * SECOND


@dataclass(frozen=True)
class CrossHours:
    """The timetable of one cross; times are ns since midnight, and each is the first moment of what it begins.

    NOII goes out every 10 s from ``indicated``, every second from ``indicated_often``. From ``entry_late`` on orders
    are refused, but limit orders until ``entry_over`` that are no more aggressive than the reference price at
    ``entry_late``, and imbalance-only orders until the cross. From ``cancel_late`` on orders cannot be cancelled.
    """

    indicated: int
    indicated_often: int
    cancel_late: int
    entry_late: int
    entry_over: int
    at: int

    def next_indication(self, now: int) -> int | None:
        """The first NOII time after ``now``, None when none is left before the cross."""
        if now < self.indicated:
            return self.indicated
        every = SECOND if now >= self.indicated_often else 10 * SECOND
        due = now + every - (now - self.indicated) % every
        if now < self.indicated_often < due:
            due = self.indicated_often
        return due if due < self.at else None


def opening_hours(at: int) -> CrossHours:
    """NOII from 5 minutes before the cross, often from 2 minutes before; then on-open orders are late too."""
    late = at - 2 * MINUTE
    return CrossHours(at - 5 * MINUTE, late, cancel_late=late, entry_late=late, entry_over=late, at=at)


def closing_hours(at: int) -> CrossHours:
    """NOII from 10 minutes before, often from 5; cancels end with the first, market and free limit orders with the
    second, late limit orders 2 minutes before the cross (Nasdaq Rule 4702(b)(11) to (13))."""
    first, often = at - 10 * MINUTE, at - 5 * MINUTE
    return CrossHours(first, often, cancel_late=first, entry_late=often, entry_over=at - 2 * MINUTE, at=at)
