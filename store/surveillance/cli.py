"""`hftos surveillance`: run the rules, list alerts, show the evidence, decide."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from rendering.terminal import visible
from store.audit.cli import DEFAULT as AUDIT_LOG
from store.audit.log import AuditLog
from store.audit.record import AuditError
from store.audit.verify import verify
from store.surveillance import files, timeline
from store.surveillance.alert import DISPOSITIONS, Alert
from store.surveillance.attribution_file import EventsError
from store.surveillance.catalogue import RULES
from store.surveillance.dispositions import STATES, State, dispose, read_states
from store.surveillance.engine import Surveillance
from store.surveillance.events import Event
from store.surveillance.files import AlertsError, Summary
from store.surveillance.source import SourceError, open_source
from store.surveillance.thresholds import Settings, ThresholdError, defaults, read

THRESHOLDS = Path(__file__).resolve().parents[2] / "office" / "surveillance.toml"
_EVERY = 20_000
_SHOWN = 40
_WIDE = 200
_PATH = click.Path(path_type=Path)
REFUSED = (AlertsError, AuditError, EventsError, SourceError, ThresholdError)

_run = click.argument("run", type=_PATH, default=Path("build/run"))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_dir = click.option(
    "--dir", "folder", type=_PATH, default=Path("build/run"), show_default=True, help="The run, or a folder of alerts."
)
_audit = click.option(
    "--audit-log", type=_PATH, default=AUDIT_LOG, show_default=True, help="Where decisions are recorded."
)


@click.group()
def surveillance() -> None:
    """Look for market abuse: rules over attributed orders, alerts with evidence, decisions in the audit log."""


@surveillance.command(name="run")
@_run
@click.option("--dsn", help="Take the run RUN out of this store instead of a folder.")
@click.option("--thresholds", type=_PATH, help=f"TOML file of thresholds.  [default: office/{THRESHOLDS.name}]")
@click.option("--out", type=_PATH, help="Folder for the alerts.  [default: `surveillance` in the run's folder]")
@_json
def run_rules(run: Path, dsn: str | None, thresholds: Path | None, out: Path | None, as_json: bool) -> None:
    """Run all rules over RUN: a run's folder, a file of attributed events, or with --dsn the name of a run in a store.

    Of a folder the exchange's attribution.jsonl is taken when it is there (all participants), else the firm's own
    orders and the market around them. Exits with 0 whatever is found.
    """
    try:
        settings = _settings(thresholds)
        found = open_source(run, dsn)
        engine = Surveillance(settings)
        with found.events as events:
            alerts = list(_watch(engine, events, quiet=as_json))
        counts = Counter(alert.rule for alert in alerts)
        summary = Summary(
            found.name, engine.events, engine.orders.unknown, engine.orders.forgotten, dict(counts), settings
        )
        folder = out or found.folder
        files.save(folder, alerts, summary)
    except REFUSED as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        about = {"source": found.name, "folder": str(folder), "events": engine.events, "unknown": engine.orders.unknown}
        click.echo(json.dumps({**about, "alerts": [_brief(alert, State()) for alert in alerts]}))
        return
    _say_list([(alert, State()) for alert in alerts])
    click.echo(f"{found.name}: {engine.events:,} events, {len(alerts)} alerts, in {folder}")


@surveillance.command()
@_json
def rules(as_json: bool) -> None:
    """Show the rules with their sources and thresholds."""
    if as_json:
        click.echo(json.dumps([_rule(rule) for rule in RULES]))
        return
    table = Table("rule", "what", "source", "thresholds")
    for rule in RULES:
        limits = "\n".join(f"{one.name} = {one.default} {one.unit}" for one in rule.THRESHOLDS)
        table.add_row(rule.NAME, rule.WHAT, rule.SOURCE, limits)
    _console().print(table)


@surveillance.command(name="list")
@_dir
@click.option("--rule", type=click.Choice([one.NAME for one in RULES]), help="Only the alerts of this rule.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@_audit
@_json
def list_alerts(folder: Path, rule: str | None, state: str | None, audit_log: Path, as_json: bool) -> None:
    """List alerts with what was decided about them."""
    try:
        states = read_states(audit_log)
        alerts = [(alert, states.get(alert.id, State())) for alert in files.load(files.folder_of(folder))]
        sound = not audit_log.exists() or verify(audit_log).ok
    except REFUSED as error:
        raise click.ClickException(str(error)) from error
    chosen = [(one, its) for one, its in alerts if rule in (None, one.rule) and state in (None, its.state)]
    if as_json:
        click.echo(json.dumps({"alerts": [_brief(*one) for one in chosen], "audit_log_ok": sound}))
    else:
        _say_list(chosen)
    if not sound:
        raise click.ClickException(f"{audit_log} is not as it was written: see `hftos audit verify`")


@surveillance.command()
@click.argument("alert")
@_dir
@_audit
@click.option(
    "--html", "page", type=_PATH, help="Write the page to this file.  [default: ALERT.html beside the alerts]"
)
@_json
def show(alert: str, folder: Path, audit_log: Path, page: Path | None, as_json: bool) -> None:
    """Show an alert with its evidence: the orders, the best prices, and both as a picture in an HTML page.

    ALERT: the beginning of its id.
    """
    try:
        where = files.folder_of(folder)
        found = files.find(files.load(where), alert)
        state = read_states(audit_log).get(found.id, State())
    except REFUSED as error:
        raise click.ClickException(str(error)) from error
    page = page or where / f"{found.id}.html"
    try:
        page.write_text(timeline.page(found, _state_text(state)), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {page}: {error.strerror}; give another --html") from error
    if as_json:
        click.echo(json.dumps({**_brief(found, state), "page": str(page), "evidence": found.as_json()["evidence"]}))
        return
    console = _console()
    title = visible(f"{found.rule} in {found.symbol}, {timeline.clock(found.t)}: {found.text}")
    title.stylize("bold", 0, len(found.rule))
    console.print(title)
    about = f"alert {found.id}, {found.severity}, {_state_text(state)}; owner {found.owner}; {_figures(found)}"
    console.print(visible(about))
    table = Table(*timeline.COLUMNS)
    mine = [one for one in found.evidence.orders if one.ref in found.refs]
    for one in mine[-_SHOWN:]:
        table.add_row(*(visible(cell) for cell in timeline.cells_of(one)))
    console.print(table)
    if len(mine) > _SHOWN:
        console.print(f"the last {_SHOWN} of {len(mine)} events; all are in the page")
    console.print(visible(f"page: {page}"), soft_wrap=True)


@surveillance.command(name="dispose")
@click.argument("alert")
@_dir
@_audit
@click.option("--as", "state", required=True, type=click.Choice(DISPOSITIONS), help="The decision.")
@click.option("--note", required=True, help="Why.")
@click.option("--who", default=lambda: user(), show_default="the user", help="Who decides.")
@click.option("--role", default="compliance", show_default=True, help="In which role.")
@_json
def dispose_alert(
    alert: str, folder: Path, audit_log: Path, state: str, note: str, who: str, role: str, as_json: bool
) -> None:
    """Decide about an alert; the decision is a record of the audit log. A later one replaces it, and both stay there.

    ALERT: the beginning of its id.
    """
    try:
        found = files.find(files.load(files.folder_of(folder)), alert)
        with AuditLog(audit_log) as log:
            record = dispose(log, found, state, note, who, role, str(folder))
    except REFUSED as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(record.as_json()))
    else:
        click.echo(f"{found.id} {state} by {who}: record {record.number} of {audit_log}")


def user() -> str:
    """The name of whoever runs this, the number where no name is known."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _settings(path: Path | None) -> Settings:
    if path is None and not THRESHOLDS.exists():
        return defaults(RULES)
    return read(path or THRESHOLDS, RULES)


def _watch(engine: Surveillance, events: Iterable[Event], quiet: bool) -> Iterator[Alert]:
    """The alerts; how far it is shows on a terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,} events, {task.fields[alerts]} alerts"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=None, alerts=0)
        for number, event in enumerate(events, 1):
            yield from engine.feed(event)
            if number % _EVERY == 0:
                progress.update(task, completed=number, alerts=engine.alerts)


def _rule(rule: Any) -> dict[str, Any]:
    limits = {one.name: {"unit": one.unit, "default": one.default, "meaning": one.meaning} for one in rule.THRESHOLDS}
    about = {"name": rule.NAME, "what": rule.WHAT, "source": rule.SOURCE, "severity": rule.SEVERITY}
    return about | {"thresholds": limits}


def _figures(alert: Alert) -> str:
    return ", ".join(f"{key} {value}" for key, value in alert.figures.items())


def _brief(alert: Alert, state: State) -> dict[str, Any]:
    row = alert.as_json()
    del row["evidence"]
    return row | {"state": state.state, "who": state.who, "note": state.note}


def _state_text(state: State) -> str:
    return f"{state.state} by {state.who}: {state.note}" if state.who else state.state


def _say_list(alerts: list[tuple[Alert, State]]) -> None:
    table = Table("alert", "time", "rule", "severity", "symbol", "owner", "state", "what")
    for one, state in alerts:
        cells = (one.id, timeline.clock(one.t), one.rule, one.severity, one.symbol, one.owner, state.state, one.text)
        table.add_row(*(visible(cell) for cell in cells))
    _console().print(table)


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
