"""The `hftos` command: one program, a subcommand per folder of the project."""

__version__ = "0.5.0"
