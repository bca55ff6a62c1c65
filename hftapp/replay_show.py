"""Prints what a replay gave: the comparison, and the first message and decision that differ."""

import json
from typing import TYPE_CHECKING

import click

from protocols.decision_digest import TERMS, digest
from protocols.management import Decision

if TYPE_CHECKING:
    from hftapp.trader.market_replay import MarketPlayer
    from hftapp.trader.replay import Comparison, Difference


def show(found: "Comparison", *, as_json: bool) -> None:
    """Print a comparison; what is wrong goes to standard error."""
    difference = found.difference
    if as_json:
        click.echo(json.dumps(_record(found)))
    else:
        click.echo(f"{found.turns:,} turns with {found.frames:,} frames: {found.messages:,} messages sent")
        click.echo(f"decisions: {found.decisions:,}, hash {found.replayed_hash}")
        click.echo(f"identical: {'yes' if found.identical else 'no'}")
    if difference is not None:
        for side, sent in (("recorded", difference.recorded), ("replayed", difference.replayed)):
            shown = "none" if sent is None else sent.message.hex() + (f" to venue {sent.venue}" if sent.venue else "")
            click.echo(f"message {difference.number} {side}: {shown}", err=True)
    if found.decision is not None:
        click.echo(f"the run's decision hash is {found.recorded_hash}", err=True)
        _show_decision(found.decision, ("recorded", "replayed"))
    if found.early:
        click.echo(
            f"the recording ends early: after {found.turns:,} turns, without the record that closes it. "
            "A full ring or file system cut it off, or the trader failed. What was sent later was not compared.",
            err=True,
        )


def _record(found: "Comparison") -> dict[str, object]:
    record: dict[str, object] = {
        "turns": found.turns,
        "frames": found.frames,
        "messages": found.messages,
        "decisions": found.decisions,
        "decision_hash": found.replayed_hash,
        "recorded_decision_hash": found.recorded_hash,
        "identical": found.identical,
        "ends_early": found.early,
    }
    if (difference := found.difference) is not None:
        record["difference"] = {
            "number": difference.number,
            "recorded": difference.recorded.message.hex() if difference.recorded else None,
            "replayed": difference.replayed.message.hex() if difference.replayed else None,
        }
    if found.decision is not None:
        record["decision_difference"] = _pair(found.decision, ("recorded", "replayed"))
    return record


def show_market(
    one: "MarketPlayer", other: "MarketPlayer | None", difference: "Difference[Decision] | None", *, as_json: bool
) -> None:
    """Print what market data led to, with one configuration or two; what differs goes to standard error."""
    names = ("config", "against")
    if as_json:
        record: dict[str, object] = {
            "datagrams": one.played,
            "elsewhere": one.elsewhere,
            "messages": len(one.outcome.sent),
            "decisions": len(one.outcome.decisions),
            "decision_hash": digest(one.outcome.decisions),
        }
        if other is not None:
            record["against_decision_hash"] = digest(other.outcome.decisions)
            record["identical"] = difference is None
        if difference is not None:
            record["decision_difference"] = _pair(difference, names)
        click.echo(json.dumps(record))
    else:
        click.echo(
            f"{one.played:,} datagrams, {one.elsewhere:,} to other groups: {len(one.outcome.sent):,} messages sent"
        )
        click.echo(f"decisions: {len(one.outcome.decisions):,}, hash {digest(one.outcome.decisions)}")
        if other is not None:
            click.echo(f"against:   {len(other.outcome.decisions):,}, hash {digest(other.outcome.decisions)}")
    if difference is not None:
        _show_decision(difference, names)


def _show_decision(difference: "Difference[Decision]", names: tuple[str, str]) -> None:
    """Print the first decision that differs: in what, and both."""
    one, other = difference.recorded, difference.replayed
    if one is not None and other is not None:
        differing = [name for name in TERMS if getattr(one, name) != getattr(other, name)]
        pairs = (f"{name} {getattr(one, name)} is {getattr(other, name)}" for name in differing)
        click.echo(f"decision {difference.number} is the first that differs: {', '.join(pairs)}", err=True)
    for side, decision in zip(names, (one, other), strict=True):
        shown = "none" if decision is None else " ".join(f"{name}={getattr(decision, name)!r}" for name in TERMS)
        click.echo(f"decision {difference.number} {side}: {shown}", err=True)


def _pair(difference: "Difference[Decision]", names: tuple[str, str]) -> dict[str, object]:
    found: dict[str, object] = {"number": difference.number}
    for side, decision in zip(names, (difference.recorded, difference.replayed), strict=True):
        found[side] = None if decision is None else {name: getattr(decision, name) for name in TERMS}
    return found
