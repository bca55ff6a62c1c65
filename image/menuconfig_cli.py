"""`hftos image menuconfig`: Kconfig's menus on a profile; what was changed comes out as rows for a fragment."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import click

from image import buildroot, chroot, kernel, profile, progress
from image.buildroot import BuildRoot
from image.command import profile_option, reports_errors
from image.errors import ConfigRefusedError, ImageError
from image.profile import Profile
from image.progress import Reporter

_PLAIN_TERMINAL = "xterm"
_TOOL = Path(__file__).with_name("menuconfig_tool.py")


@click.command()
@profile_option
@reports_errors
def menuconfig(name: str) -> None:
    """Browse and change a profile's kernel configuration in menus, and print what to put into a fragment.

    Nothing is written: each change that is saved in the menus is printed as a row with an empty `why`. Fill that in,
    and put the row into the fragment of its concern in kernel-config/fragments/.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ImageError("the menus need a terminal: run `hftos image menuconfig` in one, without redirections")
    reporter = progress.default()
    chosen = profile.load(name)
    root = buildroot.ensure(reporter)
    kernel.configure(root, chosen, reporter)  # a profile that is refused is an error before the menus, not after
    click.echo(rows(_run(root, chosen, reporter), chosen))


def rows(wanted: Mapping[str, str] | None, chosen: Profile) -> str:
    """What to tell the user about the changed requests; None: nothing was saved."""
    if not wanted:
        return "nothing was changed"
    there = {symbol.name: symbol for symbol in chosen.symbols}
    lines = []
    for name, value in wanted.items():
        quoted = value.replace('"', '\\"')
        if name in there:
            old = there[name]
            lines.append(f"# {name} is in {old.fragment}.toml with {old.value} ({old.why}); change that row:")
        lines.append(f'  {{ symbol = "{name}", value = "{quoted}", why = "" }},')
    return "\n".join(lines)


def _run(root: BuildRoot, chosen: Profile, reporter: Reporter) -> dict[str, str] | None:
    """Shows the menus; the requests that were changed, None when nothing was saved."""
    source = kernel.source_tree(root, reporter)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        requests = {symbol.name: symbol.value for symbol in chosen.symbols}
        (out / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
        tools = {"menuconfig.py": _menus(), _TOOL.name: _TOOL}
        status = chroot.interact(
            root.path,
            ["python3", "-B", "-m", "menuconfig_tool", "/mnt/out/requests.json", "/mnt/out"],
            binds={**kernel.tool_binds(source), **tools, "out": out},
            environment={**kernel.tool_environment(root, source), "TERM": terminal(root.path)},
            folder="/mnt/linux",
        )
        if status:
            raise ImageError(f"the menus ended with status {status}; see above")
        answer = out / "changes.json"
        return _changes(answer) if answer.is_file() else None


def _menus() -> Path:
    """Kconfiglib's own menus; not imported, because the host's Python may lack curses."""
    found = find_spec("menuconfig")
    if found is None or found.origin is None:
        raise ImageError("kconfiglib's menus are missing: run `make setup`")
    return Path(found.origin)


def _changes(path: Path) -> dict[str, str]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["refused"] or found["missed"]:
        wrong = {**found["missed"], **found["refused"]}
        raise ConfigRefusedError(
            "rows alone do not give what was saved:\n" + "\n".join(f"  {name}: {what}" for name, what in wrong.items())
        )
    wanted: dict[str, str] = found["wanted"]
    return wanted


def terminal(root: Path) -> str:
    """The user's kind of terminal, or one that every terminal can play where the build root does not know it."""
    name = os.environ.get("TERM", "")
    known = name and (root / "usr/share/terminfo" / name[0] / name).exists()
    return name if known else _PLAIN_TERMINAL
