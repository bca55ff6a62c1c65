"""`hftos trade`: the trader and its supervisor as an ordinary process, against an exchange on this host or network."""

import contextlib
import json
import math
import signal
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hftapp import config
from hftapp.journal import JournalError
from hftapp.ready_file import wait_for
from hftapp.reporter import Outcome
from hftapp.supervisor import Supervisor

NO_CARD = (
    "A NIC of one's own and root are for a trading server; on an ordinary host start `hftos exchange --ready-file "
    "READY_FILE` and trade with --exchange READY_FILE: ordinary sockets, no privileges."
)
CARDS = frozenset({"dpdk", "af_xdp", "af_packet"})
"""Ports that need a card of their own."""
MAX_SECONDS = 1_000_000


class Seconds(click.FloatRange):
    """A number of seconds within the range; nothing that is no number ("nan"), which no bound refuses."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; click's usage error for anything else."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return found


class ConfigurationError(click.ClickException):
    """The configuration is wrong: every mistake on a line of its own, exit status 2."""

    exit_code = 2


@click.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("hftos.toml"),
    show_default=True,
    help="Configuration file.",
)
@click.option(
    "--exchange",
    "ready_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Ready file of `hftos exchange`: host, port, login and feeds are taken from it; ordinary sockets are used.",
)
@click.option(
    "--wait",
    type=Seconds(min=0, max=MAX_SECONDS),
    default=10.0,
    show_default=True,
    help="Seconds to wait for the exchange's ready file.",
)
@click.option("--seconds", type=Seconds(min=0, max=MAX_SECONDS, min_open=True), help="Stop after this long.")
@click.option(
    "--journal",
    "journal_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the journal [default: build/trade/<time>].",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def trade(
    config_path: Path,
    ready_file: Path | None,
    wait: float,
    seconds: float | None,
    journal_dir: Path | None,
    as_json: bool,
) -> None:
    """Trade until the feed's end of session, --seconds, or Ctrl-C; then print a summary."""
    try:
        if ready_file is not None:
            wait_for(ready_file, wait)
        settings = load(config_path, ready_file)
        journal_dir = journal_dir or Path("build/trade") / time.strftime("%Y%m%d-%H%M%S")
        supervisor = Supervisor(settings, journal_dir=journal_dir, say=_say, seconds=seconds)
    except config.ConfigError as error:
        raise ConfigurationError("\n  ".join([f"{error.source} is not valid:", *error.problems])) from error
    except (OSError, JournalError) as error:
        raise click.ClickException(str(error)) from error
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, supervisor.interrupt)
    outcome = supervisor.run()
    summary = summarise(outcome)
    if as_json:
        click.echo(json.dumps(summary))
    elif outcome.stats.get("turns"):
        _print(summary)
    if outcome.status:
        click.echo(f"Error: {outcome.reason}", err=True)
        if settings.nic.port in CARDS and not outcome.stats.get("turns"):
            click.echo(NO_CARD, err=True)
    raise SystemExit(outcome.status)


def load(config_path: Path, ready_file: Path | None) -> config.Config:
    """The configuration, with what the exchange's ready file says put over it; raises ConfigError."""
    if not config_path.exists():  # without it there would be no strategy, and nothing would be traded
        raise config.ConfigError(str(config_path), ["no such file; give --config FILE"])
    if ready_file is None:
        return config.load(config_path)
    document = config.read(config_path)
    return config.build(with_exchange(document, ready_file), source=f"{config_path} with {ready_file}")


def with_exchange(document: dict[str, Any], ready_file: Path) -> dict[str, Any]:
    """A configuration document changed to trade against the exchange that wrote `ready_file`; raises ConfigError.

    The first packet seen starts the feed: the exchange may have been running for a while.
    """
    try:
        ready = json.loads(ready_file.read_text(encoding="utf-8"))
        ouch, feed_a, feed_b = ready["ouch"], ready["feed_a"], ready["feed_b"]
        sections = {
            "nic": {"port": "socket", "address": f"{feed_a['interface']}/32", "idle": "wait"},
            "management": {"mac": "", "office": ""},
            "feed": {
                "session": str(ready["session"]).strip(),
                "a": f"{feed_a['group']}:{feed_a['port']}",
                "b": f"{feed_b['group']}:{feed_b['port']}",
                "start": "seen",
            },
            "order_entry": {name: ouch[name] for name in ("host", "port", "user", "password", "firm")},
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise config.ConfigError(str(ready_file), [f"not the ready file of an exchange: {error!r}"]) from error
    merged = dict(document)
    for name, values in sections.items():
        given = document.get(name, {})
        merged[name] = {**given, **values} if isinstance(given, dict) else given
    return merged


def summarise(outcome: Outcome) -> dict[str, Any]:
    """The figures of a run: how it ended, feed, orders, position, profit, latency, journal."""
    stats = outcome.stats
    wanted = ("feed", "orders", "risk", "position", "pnl_price4", "tick_to_trade", "first_order_s", "nic", "cpu")
    return {
        "ok": outcome.status == 0,
        "status": outcome.status,
        "reason": outcome.reason,
        **{name: stats.get(name) for name in wanted},
        **({"recording_lost": stats["recording_lost"]} if "recording_lost" in stats else {}),
        "gaps": outcome.gaps,
        "books": outcome.books,
        "journal": {
            "path": str(outcome.journal),
            "records": outcome.journal_records,
            "decisions": outcome.decisions,
            "refusals": outcome.refusals,
        },
    }


def _say(text: str) -> None:
    """Tell the terminal; one that is gone (`2>&1 | head`) must not end the trader with orders open."""
    with contextlib.suppress(OSError):
        click.echo(f"hftos: {text}", err=True)


def _print(summary: dict[str, Any]) -> None:
    table = Table(title=f"Run ended: {summary['reason']}", show_header=False)
    feed, orders, latency = summary["feed"] or {}, summary["orders"] or {}, summary["tick_to_trade"] or {}
    for name in ("packets", "messages", "symbols", "gaps", "lost", "duplicates", "malformed", "unknown_refs"):
        table.add_row(f"feed {name}", f"{feed.get(name, 0):,}")
    asked = ("sent", "entered", "replaced", "cancel_requests")
    for name in (*asked, "accepted", "rejected", "cancelled", "executions", "executed_shares"):
        table.add_row(f"orders {name}", f"{orders.get(name, 0):,}")
    table.add_row("refused by risk", ", ".join(f"{k} {v}" for k, v in (summary["risk"] or {}).items()) or "none")
    table.add_row("position", ", ".join(f"{k} {v:+,}" for k, v in (summary["position"] or {}).items()) or "flat")
    table.add_row("profit", f"{(summary['pnl_price4'] or 0) / 10_000:,.2f} dollars")
    for name in ("p50", "p99", "max"):
        if latency.get("count"):
            table.add_row(f"tick to trade {name}", f"{latency[name] / 1000:,.1f} µs")
    if summary.get("recording_lost"):
        table.add_row("recording", f"not whole: {summary['recording_lost']:,} records did not fit")
    table.add_row("journal", f"{summary['journal']['records']:,} records in {summary['journal']['path']}")
    Console().print(table)
