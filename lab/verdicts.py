"""What is said of a difference."""

from typing import Final

from lab.metrics import Metric

BETTER: Final = "better"
WORSE: Final = "worse"
NONE: Final = "no difference shown"
SAME: Final = "the same in every run"
FEW: Final = "too few repeats to tell"
MISSING: Final = "not measured"
CONFOUNDED: Final = "cannot be told apart"

EFFECTS: Final = (BETTER, WORSE)

FEWEST_REPEATS: Final = 3
"""Repeats that each side needs before noise can be judged at all."""
RELEVANT: Final = 5.0
"""Percent of the reference: noise that could hide this much is warned of."""


def direction(metric: Metric, difference: float) -> str:
    """What a difference that is there means."""
    return BETTER if (difference < 0) == (metric.better == "less") else WORSE
