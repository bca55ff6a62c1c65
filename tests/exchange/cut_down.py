"""Cuts a run in which engine and oracle differ down to the few operations that show it."""

from collections.abc import Sequence

from tests.exchange.duel import DifferenceError, Duel, Operation


def first_difference(operations: Sequence[Operation], symbols: Sequence[str], keeps_priority: bool) -> str | None:
    """What goes wrong when the operations are done from the start, None if nothing does."""
    duel = Duel(symbols, keeps_priority=keeps_priority)
    try:
        for operation in operations:
            duel.apply(operation)
        duel.check_shares()
    except DifferenceError as error:
        return f"{operation}\n{error}"
    return None


def cut_down(operations: list[Operation], symbols: Sequence[str], keeps_priority: bool) -> list[Operation]:
    """A short run that still goes wrong; operations on orders that are left out do nothing."""
    size = max(1, len(operations) // 2)
    while size:
        start = 0
        while start < len(operations):
            fewer = operations[:start] + operations[start + size :]
            if first_difference(fewer, symbols, keeps_priority):
                operations = fewer
            else:
                start += size
        size //= 2
    return operations
