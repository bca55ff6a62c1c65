"""The `hftos` program: finds a subcommand's module only when it is called, so that `--help` stays quick."""

import importlib
from dataclasses import dataclass

import click

from hftos import __version__


@dataclass(frozen=True, slots=True)
class Subcommand:
    """Where a subcommand lives (`module:attribute`) and what it does, in one line."""

    target: str
    summary: str


SUBCOMMANDS = {
    "exchange": Subcommand("exchange.cli:exchange", "Run the simulated exchange on ordinary sockets."),
    "image": Subcommand("image.cli:image", "Build the bootable image and show what is in it."),
    "itch": Subcommand("protocols.cli:itch", "Look into ITCH 5.0 files and captures."),
    "report": Subcommand("qemu.show:report", "Show the report of a finished run."),
    "run": Subcommand("qemu.cli:run", "Boot the image in QEMU against the exchange and report."),
    "test": Subcommand("hftos.testing:test", "Run linters, types, unit tests and the tests that boot the image."),
    "trade": Subcommand("hftapp.cli:trade", "Run the trading program as an ordinary process."),
}


class LazyGroup(click.Group):
    """A click group whose commands are imported on use."""

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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="hftos")
def main() -> None:
    """Custom HFT OS: a Linux for trading servers whose only userspace is one Python program."""


if __name__ == "__main__":
    main()
