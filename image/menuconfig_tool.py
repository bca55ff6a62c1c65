"""Kconfig's menus on a profile's configuration; says afterwards which requests make what was chosen there.

Needs kconfiglib, its menuconfig and the standard library only, because it runs as a program inside the build root.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import menuconfig  # type: ignore[import-untyped]
from kconfig import KernelKconfig, apply, merge, parse  # type: ignore[import-not-found]  # its place in the build root


def changes(tree: Path, requests: Mapping[str, str], saved: str) -> dict[str, str]:
    """The requests to add to `requests`, or to change in them, so that the configuration becomes `saved`.

    A symbol that follows from others is not among them.
    """
    after = parse(saved)
    kconf = KernelKconfig("Kconfig", warn_to_stderr=False)
    kconf.warn = False
    apply(kconf, tree, requests)
    wanted = _needed(kconf, after)
    for name in list(wanted):
        fewer = {other: value for other, value in wanted.items() if other != name}
        kconf.unset_values()
        apply(kconf, tree, {**requests, **fewer})
        if parse(kconf._config_contents("")) == after:
            wanted = fewer
    return wanted


def _needed(kconf: KernelKconfig, after: Mapping[str, str]) -> dict[str, str]:
    """Sets what differs, what shows other symbols before those, until nothing more takes effect."""
    wanted: dict[str, str] = {}
    settable = [symbol for symbol in kconf.unique_defined_syms if any(node.prompt for node in symbol.nodes)]
    found = True
    while found:
        found = False
        # What is switched on first: in a choice that switches the other one off.
        for off in (False, True):
            for symbol in settable:
                value = after.get(symbol.name, "n")
                if symbol.name in wanted or (value == "n") != off or (symbol.str_value or "n") == value.strip('"'):
                    continue
                symbol.set_value(value.strip('"'))
                if (symbol.str_value or "n") == value.strip('"'):
                    wanted[symbol.name] = value
                    found = True
    return wanted


def main() -> int:
    """Arguments: the JSON file of requests, the folder for `.config` and `changes.json`.

    The working folder is the kernel's source. `changes.json` is not written when nothing was saved.
    """
    asked, out = Path(sys.argv[1]), Path(sys.argv[2])
    requests = json.loads(asked.read_text(encoding="utf-8"))
    tree = Path.cwd()
    start, _ = merge(tree, requests)
    config = out / ".config"
    config.write_text(start, encoding="utf-8")
    os.environ["KCONFIG_CONFIG"] = str(config)
    kconf = KernelKconfig("Kconfig", warn_to_stderr=False)
    menuconfig.menuconfig(kconf)
    saved = config.read_text(encoding="utf-8")
    if parse(saved) == parse(start):
        return 0
    wanted = changes(tree, requests, saved)
    again, refused = merge(tree, {**requests, **wanted})
    missed = {name: value for name, value in parse(saved).items() if parse(again).get(name) != value}
    result = {"wanted": wanted, "refused": refused, "missed": missed}
    (out / "changes.json").write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
