"""The kinds of agents there are, and how the ones asked for come into a market."""

from __future__ import annotations

from collections.abc import Sequence

from exchange.flow.agent import Agent
from exchange.flow.agent_spec import COMMON, AgentError, AgentSpec, Parameter, parse
from exchange.flow.labels import Labels
from exchange.flow.ladder import Ladder
from exchange.flow.layerer import Layerer
from exchange.flow.meeter import Meeter
from exchange.flow.message_agents import Builder, Churner, Flooder, Stuffer
from exchange.flow.pushers import Igniter, Marker, Stray
from exchange.flow.quoter import Quoter
from exchange.flow.scaler import Scaler
from exchange.flow.self_trader import Guarded, SelfTrader
from exchange.flow.spoofer import Spoofer
from exchange.flow.taker import Taker
from exchange.flow.washer import Washer
from exchange.market import Market

__all__ = ["KINDS", "Agent", "AgentError", "AgentSpec", "build_agents", "describe", "parse_agent"]

KINDS: dict[str, type[Agent]] = {
    kind.KIND: kind
    for kind in (
        *(Quoter, Taker, Spoofer, Layerer, Washer),
        *(SelfTrader, Stuffer, Churner, Flooder, Marker, Igniter, Stray),
        *(Scaler, Ladder, Meeter, Guarded, Builder),
    )
}
MAX_AGENTS = 999


def parse_agent(text: str) -> AgentSpec:
    """Read `KIND[:key=value,...]`, like `spoof:symbol=AAPL,at=30,every=10,size=5000`. Raises AgentError."""
    return parse(text, {name: kind.PARAMETERS for name, kind in KINDS.items()})


def build_agents(market: Market, specs: Sequence[AgentSpec], seed: int, labels: Labels) -> dict[str, Agent]:
    """One agent for each, by name (kind and number), in their order. AgentError: a symbol that is not listed."""
    if len(specs) > MAX_AGENTS:
        raise AgentError(f"{len(specs)} agents: give at most {MAX_AGENTS}")
    agents = [KINDS[spec.kind](market, spec, seed, number, labels) for number, spec in enumerate(specs, 1)]
    return {agent.name: agent for agent in agents}


def describe() -> str:
    """All kinds with their keys, a line each, for a help text."""
    lines = [f"every kind: {_keys(COMMON)}"]
    lines += [f"{name} ({kind.INTENT}): {_keys(kind.PARAMETERS)}" for name, kind in KINDS.items()]
    return "\n".join(lines)


def _keys(parameters: Sequence[Parameter]) -> str:
    return ", ".join(f"{one.name}={one.default} ({one.meaning})" for one in parameters)
