"""What kinds of messages the flow is made of: the mix of MSFT on 2019-12-30, and a count of what came."""

from __future__ import annotations

# Share of each message type in the feed. `C` (0.05 %) needs executions away from the display price, which continuous
# matching does not have; it is counted to the executions.
MIX: dict[str, float] = {"A": 0.4699, "D": 0.4495, "U": 0.0449, "E": 0.0289, "P": 0.0041, "F": 0.0018, "X": 0.0007}

# Messages that one marketable order gives, because it may sweep several orders of the touch; set so that the share of
# `E` that is measured in the generated flow meets that of the table.
_EXECUTIONS_A_TAKE = 1.45

ADD, DELETE, REPLACE, TAKE, HIDDEN, ATTRIBUTED, REDUCE = range(7)
# The weight of each action, in the order of their numbers.
ACTION_WEIGHTS: tuple[float, ...] = (
    MIX["A"],
    MIX["D"],
    MIX["U"],
    MIX["E"] / _EXECUTIONS_A_TAKE,
    MIX["P"],
    MIX["F"],
    MIX["X"],
)


def fractions(counts: dict[str, int]) -> dict[str, float]:
    """The share of each type that came at all, by type."""
    total = sum(counts.values())
    return {kind: round(count / total, 4) for kind, count in sorted(counts.items()) if count}
