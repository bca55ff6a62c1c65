"""Pictures: ticks of axes and scales."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from rendering.svg import Scale, ticks

_VALUES = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(_VALUES, _VALUES)
def test_ticks_cover_the_values_evenly_and_are_few(one: float, other: float) -> None:
    low, high = sorted((one, other))
    found = ticks(low, high)
    if high > low:  # to a millionth of the picture
        assert found[0] <= low + 1e-6 * (high - low)
        assert found[-1] >= high - 1e-6 * (high - low)
    assert 2 <= len(found) <= 9
    steps = [after - before for before, after in itertools.pairwise(found)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-3) for step in steps)


def test_a_scale_maps_ends_to_ends_and_a_point_range_to_its_start() -> None:
    assert [Scale(0, 10, 100, 0)(value) for value in (0, 5, 10)] == [100, 50, 0]
    assert [round(Scale(1, 100, 0, 10, log=True)(value), 6) for value in (1, 10, 100)] == [0, 5, 10]
    assert Scale(4, 4, 7, 9)(4) == 7
