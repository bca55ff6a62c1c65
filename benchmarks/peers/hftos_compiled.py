"""The project's own engine, driven by compiled code as in the exchange."""

from __future__ import annotations

from benchmarks.operations import Operations
from hftos.compiling import finder

finder.install()

from benchmarks.engine_driver import EngineDriver  # noqa: E402 - after the finder is installed


def runner(made: Operations) -> EngineDriver:
    """For `benchmarks.replay`."""
    return EngineDriver(made)


def written_in() -> str:
    """Whether the modules were compiled, or there was no compiler."""
    return finder.kind("exchange.engine")
