"""`hftos office`: the operator's commands to trading servers, and the collector for a real office."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from office import audited, collector
from office.commands import CommandError
from office.dashboard import cli as dashboard
from office.listening import address
from office.monitor.cli import monitor

_RUN = Path("build/run")

_directory = click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=_RUN,
    show_default=True,
    help="Directory of the run, or of a collector.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


class _Office(click.Group):
    """The group, which takes `--demo` for its command `demo`, with all that this takes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] == ["--demo"]:
            args = ["demo", *args[1:]]
        return super().parse_args(ctx, args)


@click.group(cls=_Office)
@click.option("--demo", is_flag=True, expose_value=False, help="The same as the command `demo`.")
def office() -> None:
    """Command trading servers, collect their telemetry and journals, and serve the page that shows them."""


for _page_command in (*dashboard.COMMANDS, monitor):
    office.add_command(_page_command)

_who = click.option("--who", help="Who gives the command, for the logs.  [default: the login name]")
_audit = click.option(
    "--audit",
    "audit_log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The audit log.  [default: audit/audit.jsonl beside --dir]",
)


@office.command()
@_directory
@_who
@_audit
@_json
def stop(directory: Path, who: str | None, audit_log: Path | None, as_json: bool) -> None:
    """Stop trading in good order: pull all quotes, log out, report, power off."""
    _command(directory, "stop", who, audit_log, as_json)


@office.command()
@_directory
@_who
@_audit
@_json
def kill(directory: Path, who: str | None, audit_log: Path | None, as_json: bool) -> None:
    """Pull the kill switch: cancel every order, send no new one; the server stays up."""
    _command(directory, "kill", who, audit_log, as_json)


@office.command()
@click.option(
    "--bind", default="127.0.0.1:9300", show_default=True, help="IPv4 ADDRESS:PORT for servers (port 0: any)."
)
@click.option("--dir", "directory", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output.")
@click.option(
    "--control",
    type=click.Path(path_type=Path),
    help="Unix socket for watchers and for `hftos office stop|kill`.  [default: control in --dir]",
)
def collect(bind: str, directory: Path, control: Path | None) -> None:
    """Receive the management stream of trading servers until Ctrl-C or SIGTERM.

    Keeps them in files by session and by journal, and counts in summary.json. What is there already is gone on with.
    Prints one line of JSON when it serves and the summary when it ends.
    """
    try:
        host, port = address(bind)
        summary = asyncio.run(collector.run(host, port, directory, control or directory / "control"))
    except ValueError as error:
        raise click.UsageError(f"--bind {bind}: {error}") from error
    except OSError as error:
        raise click.ClickException(collector.trouble(error, directory)) from error
    click.echo(json.dumps(summary))


def _command(directory: Path, name: str, who: str | None, audit_log: Path | None, as_json: bool) -> None:
    try:
        answer = audited.command(directory, name, who=who, log=audit_log)
    except CommandError as error:
        raise click.ClickException(str(error)) from error
    if "warning" in answer:
        click.echo(f"Warning: {answer['warning']}", err=True)
    click.echo(json.dumps(answer) if as_json else f"{name}: sent to {_servers(answer)}")


def _servers(answer: dict[str, Any]) -> str:
    count = int(answer["servers"])
    return "1 server" if count == 1 else f"{count} servers"
