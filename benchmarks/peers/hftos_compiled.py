"""The project's own engine, driven by compiled code as in the exchange."""

from __future__ import annotations

from benchmarks.operations import Operations
from hftos.compiling import finder

finder.install()

from benchmarks.engine_driver import EngineDriver  # noqa: E402 - after the finder is installed
from exchange.orders import warm  # noqa: E402


def runner(made: Operations) -> EngineDriver:
    """For `benchmarks.replay`; the memory is made ready first, as the exchange does when it starts."""
    warm()
    return EngineDriver(made)


def written_in() -> str:
    """Whether the modules were compiled, or there was no compiler."""
    return finder.kind("exchange.engine")
