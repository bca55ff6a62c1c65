"""`hftos lab`: subcommands by name; each lives in a module of its own and is imported when it is called."""

import importlib

import click

COMMANDS = {
    "bisect": "lab.bisect_cli:bisect",
    "compare": "lab.report_cli:compare",
    "knobs": "lab.knobs_cli:knobs",
    "list": "lab.plan_cli:list_experiments",
    "plan": "lab.plan_cli:plan",
    "report": "lab.report_cli:report",
    "run": "lab.run_cli:run",
    "table": "lab.report_cli:table",
}


class _Lab(click.Group):
    """Imports a subcommand on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is {type(command).__name__}, not a click command")
        return command


@click.group(cls=_Lab)
def lab() -> None:
    """Experiments with kernels and their knobs, and what the catalogue's knobs are in a running guest."""
