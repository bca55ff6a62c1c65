"""`hftos office serve|demo|user`: the page, a recording played on it, and who may log in."""

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from office.audited import audit_log_of
from office.dashboard.roles import ROLES
from office.dashboard.users import Users, UsersError
from protocols.finite_range import FiniteRange

if TYPE_CHECKING:
    from office.dashboard.serve import Settings

USERS: Final = Path("build/office/users.toml")
_RUN: Final = Path("build/run")

_users = click.option(
    "--users",
    "users_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=USERS,
    show_default=True,
    help="File of the users.",
)
_bind = click.option("--bind", default="127.0.0.1:9400", show_default=True, help="ADDRESS:PORT (port 0: any).")


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=_RUN,
    show_default=True,
    help="Directory of the run, or of a collector; it may begin later.",
)
@_bind
@click.option("--fd", type=click.IntRange(0), help="Inherited listening socket to serve on, instead of --bind.")
@click.option("--host", "hosts", multiple=True, help="A further name under which the page is served (repeat).")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain (PEM); needed beyond loopback.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its key (PEM).")
@_users
@click.option(
    "--audit",
    "audit_log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The audit log.  [default: audit/audit.jsonl beside --dir]",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The exchange's ready file, which names the drop copies: alerts come from the risk monitor over them.",
)
@click.option("--firm", help="Whose drop copies.  [default: that of the first login]")
@click.option(
    "--metrics-token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the bearer token for /metrics; without it /metrics takes a login.",
)
def serve(
    directory: Path,
    bind: str,
    fd: int | None,
    hosts: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    users_file: Path,
    audit_log: Path | None,
    ready_file: Path | None,
    firm: str | None,
    metrics_token_file: Path | None,
) -> None:
    """Serve the office's page until Ctrl-C or SIGTERM.

    Prints one line of JSON when it serves. The page shows what the collector of --dir receives, from the moment there
    is one, and commands its servers. Everything on it takes a login: see `hftos office user add`.
    """
    from office.dashboard import serve as serving

    host, port = _address(bind)
    settings = serving.Settings(directory, host, port, hosts, tls_cert, tls_key, ready=_say)
    if fd is not None:
        try:
            settings.inherit(fd)
        except serving.ServeError as error:
            raise click.ClickException(f"--fd: {error}") from error
    if metrics_token_file is not None:
        settings.metrics_token = _token(metrics_token_file)
    _run(settings, Users(users_file), audit_log or audit_log_of(directory), ready_file, firm)


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@_bind
@click.option("--speed", type=FiniteRange(0.1, 1000), default=1.0, show_default=True, help="Times real time.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write PATH as one small file instead.")
def demo(path: Path | None, bind: str, speed: float, save: Path | None) -> None:
    """Serve the page over a recording, again and again: PATH, a run's or an office's folder or a file of --save, or
    the recording that comes with the program.

    Prints the address, and the password of the three users `viewer`, `trader` and `risk`, which holds until the end.
    """
    import tempfile

    from office.dashboard import demo as playing
    from office.dashboard import serve as serving

    host, port = _address(bind)
    try:
        recording = playing.load(path)
        if save is not None:
            playing.save(recording, save)
            click.echo(f"{save}: {save.stat().st_size:,} bytes")
            return
    except playing.DemoError as error:
        raise click.ClickException(str(error)) from error
    password = secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="hftos-demo-") as folder:
        directory = Path(folder)
        users = Users(directory / "users.toml")
        for role in ROLES:
            users.add(role, role, password)

        def ready(line: str) -> None:
            _say(json.dumps({**json.loads(line), "users": list(ROLES), "password": password}))

        settings = serving.Settings(directory, host, port, ready=ready)
        with playing.collector(recording, directory, speed):
            _run(settings, users, directory / "audit.jsonl")


@click.group()
def user() -> None:
    """Say who may log in to the page."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="viewer sees, trader acknowledges, risk kills.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")
@_users
def add(name: str, role: str, password_stdin: bool, users_file: Path) -> None:
    """Add the user NAME, or give it another role and password; asks for the password."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask()
    try:
        new = Users(users_file).add(name, role, password)
    except UsersError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name}: {'added' if new else 'changed'}, role {role}")


@user.command()
@click.argument("name")
@_users
def remove(name: str, users_file: Path) -> None:
    """Remove the user NAME; open pages of the user end within a second."""
    try:
        Users(users_file).remove(name)
    except UsersError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name}: removed")


@user.command(name="list")
@_users
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(users_file: Path, as_json: bool) -> None:
    """List the users and their roles."""
    try:
        found = [{"name": one.name, "role": one.role} for one in Users(users_file).all()]
    except UsersError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found))
        return
    for one in found:
        click.echo(f"{one['name']:<32} {one['role']}")
    if not found:
        click.echo(f"no users in {users_file}: hftos office user add NAME --role {ROLES[-1]}", err=True)


COMMANDS: Final = (serve, demo, user)


def _run(
    settings: "Settings", users: Users, audit_log: Path, ready_file: Path | None = None, firm: str | None = None
) -> None:
    from office.dashboard import serve as serving
    from office.dashboard.assets import Assets, AssetsError
    from office.monitor.limits import LimitsError
    from office.monitor.service import MonitorError
    from store.audit import AuditError, AuditLog
    from store.surveillance.thresholds import ThresholdError

    try:
        settings.check()
        if not users.all():
            text = f"nobody could log in: {users.path} has no users; run hftos office user add NAME --role risk"
            raise click.ClickException(text)
        with AuditLog(audit_log) as log:
            watching = None if ready_file is None else serving.watched(ready_file, firm, audit_log)
            app = serving.assemble(settings, users, log, Assets(), watching)
            serving.run(app, settings)
    except (
        *(serving.ServeError, UsersError, AssetsError, AuditError),
        *(MonitorError, LimitsError, ThresholdError),
    ) as error:
        raise click.ClickException(str(error)) from error


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) <= 65_535 and host):
        raise click.UsageError(f"--bind {bind}: must be an address and a port, as in 127.0.0.1:9400")
    return host.strip("[]"), int(port)


def _token(path: Path) -> str:
    token = path.read_bytes().decode("ascii", "replace").strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise click.ClickException(f"{path}: the token for /metrics needs 16 characters of ASCII or more, on one line")
    return token


def _ask() -> str:
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _say(line: str) -> None:
    click.echo(line)
