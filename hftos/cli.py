"""The `hftos` program: finds a subcommand's module only when it is called, so that `--help` stays quick.

Whatever the operating system refuses ends in one line and status 1, Ctrl-C in status 130, SIGTERM in status 143. A
subcommand may handle any of these itself.
"""

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from hftos import __version__
from hftos.compiling import finder
from hftos.compiling.errors import CompilingError


@dataclass(frozen=True, slots=True)
class Subcommand:
    """Where a subcommand lives (`module:attribute`) and what it does, in one line.

    `interpreted`: it has no use for compiled modules, and whoever runs it, often root, is not to wait for a compiler.
    """

    target: str
    summary: str
    interpreted: bool = False


SUBCOMMANDS = {
    "analyse": Subcommand("store.analytics.cli:analyse", "Analyse a run's trading: costs, markouts, profit and loss."),
    "audit": Subcommand("store.audit.cli:audit", "Show and verify the audit log."),
    "bench": Subcommand("benchmarks.cli:bench", "Measure speed, ours beside that of other packages."),
    "capture": Subcommand("office.capture.cli:capture", "Look into captures; index, cut, seek and replay them."),
    "config": Subcommand(
        "hftos.configuring.cli:config",
        "Show, change and check the configuration on a disk or image.",
        interpreted=True,
    ),
    "exchange": Subcommand("exchange.cli:exchange", "Run the simulated exchange on ordinary sockets."),
    "explain": Subcommand("office.explain.cli:explain", "Show all that led to an order, and what became of it."),
    "flash": Subcommand(
        "image.flash.cli:flash", "Write the image to a disk, read it back and compare.", interpreted=True
    ),
    "image": Subcommand("image.cli:image", "Build the bootable image and show what is in it."),
    "itch": Subcommand("protocols.cli:itch", "Look into ITCH 5.0 files and captures."),
    "lab": Subcommand("lab.cli:lab", "Experiments with kernels and their knobs."),
    "latency": Subcommand("office.latency.cli:latency", "Latencies of a run, wire to wire and by stage; compare two."),
    "nic": Subcommand("hftapp.nic.cli:nic", "List the network cards of this machine."),
    "office": Subcommand("office.cli:office", "Collect what servers tell, serve the page, stop or kill traders."),
    "replay": Subcommand("hftapp.replay_cli:replay", "Play a recorded run again and compare its orders."),
    "report": Subcommand("qemu.show:report", "Show the report of a finished run."),
    "run": Subcommand("qemu.cli:run", "Boot the image in QEMU against the exchange and report."),
    "store": Subcommand("store.cli:store", "Load runs into ClickHouse and query them."),
    "surveillance": Subcommand("store.surveillance.cli:surveillance", "Look for market abuse; decide on alerts."),
    "test": Subcommand("hftos.testing:test", "Run linters, types, unit tests, tests that boot the image."),
    "trade": Subcommand("hftapp.cli:trade", "Run the trading program as an ordinary process."),
}


INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
EXPECTED = (OSError, UnicodeError, MemoryError)


class LazyGroup(click.Group):
    """A click group whose commands are imported on use."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as a program (see `click.Command.main`): ends with SystemExit, whatever happened."""
        with _termination():
            try:
                try:
                    return super().main(*args, **extra)
                finally:
                    sys.stdout.flush()
            except EXPECTED as error:
                _fail(error)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; click itself would end a Ctrl-C with status 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError as error:
            _fail(error)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands, sorted."""
        del ctx
        return sorted(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand; None when there is no such name."""
        del ctx
        entry = SUBCOMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.interpreted:
            finder.remove()
        module_name, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module_name), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.target} is {type(command).__name__}, not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands from the table, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name].summary) for name in sorted(SUBCOMMANDS)])


@contextlib.contextmanager
def _termination() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that temporary folders and children are cleaned up as after Ctrl-C."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(*_signal: object) -> None:
    raise SystemExit(TERMINATED)


def _fail(error: BaseException) -> None:
    """Say what the operating system refused, in one line, and exit with status 1."""
    _release_output()
    place = getattr(error, "filename", None)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    with contextlib.suppress(OSError):
        click.echo(f"Error: {place}: {text}" if place else f"Error: {text}", err=True)
    raise SystemExit(1)


def _release_output() -> None:
    """Let the interpreter's last flush go nowhere if standard output takes nothing more (signal module, SIGPIPE)."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="hftos")
def main() -> None:
    """Custom HFT OS: a Linux for trading servers whose only userspace is one Python program."""


def program() -> None:
    """`hftos` as a program: `main`, with the compiled modules in place of their sources."""
    finder.install()
    try:
        main()
    except CompilingError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    program()
