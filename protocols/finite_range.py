"""A number on a command line that is one: the type that options of all commands share."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A number in a range; unlike its parent it takes neither NaN, which compares with nothing, nor infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; click's own error for anything else."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number
