"""Merges Kconfig requests into a `.config` and refuses those that did not take effect.

Starts where `make tinyconfig` starts: everything that can be off is off. Needs kconfiglib and the standard library
only, because it runs as a program inside the build root: Kconfig asks the compiler what it can do.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import kconfiglib

TINY_FRAGMENTS = ("kernel/configs/tiny-base.config", "kernel/configs/tiny.config", "arch/x86/configs/tiny.config")


class KernelKconfig(kconfiglib.Kconfig):  # type: ignore[misc]
    """Kconfiglib that reads kernels ≥ 5.14, whose `option modules` became the bare keyword `modules`."""

    def _tokenize(self, s: str) -> tuple[object, ...]:
        if s.strip() == "modules":
            s = s.replace("modules", "option modules")
        tokens: tuple[object, ...] = super()._tokenize(s)
        return tokens


def merge(tree: Path, requests: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The `.config` text for the Kconfig tree in the current folder, and the requests that had no effect.

    `requests` maps symbol names without `CONFIG_` to values in `.config` notation. The second result maps each refused
    name to the reason.
    """
    kconf = KernelKconfig("Kconfig", warn_to_stderr=False)
    kconf.warn = False
    apply(kconf, tree, requests)
    refused = {name: reason for name, value in requests.items() if (reason := _refusal(kconf, name, value))}
    return kconf._config_contents("# Made by image.kconfig\n"), refused


def apply(kconf: KernelKconfig, tree: Path, requests: Mapping[str, str]) -> None:
    """Set `kconf` to what `make tinyconfig` starts with, and then to the requests."""
    for symbol in kconf.unique_defined_syms:
        symbol.set_value(2 if symbol.is_allnoconfig_y else 0)
    for fragment in TINY_FRAGMENTS:
        if (tree / fragment).is_file():
            kconf.load_config(str(tree / fragment), replace=False)
    for name, value in requests.items():
        if name in kconf.syms:
            kconf.syms[name].set_value(value.strip('"'))


def check(config: str, requests: Mapping[str, str]) -> dict[str, str]:
    """The requests that `config` (the text of a `.config`) does not fulfil, each with what it says instead."""
    effective = parse(config)
    return {
        name: f"requested {value}, the kernel's own tool made it {effective.get(name, 'n')}"
        for name, value in requests.items()
        if effective.get(name, "n") != value
    }


def parse(config: str) -> dict[str, str]:
    """Name to value for every symbol set in the text of a `.config`; symbols that are off are absent."""
    lines = (line.removeprefix("CONFIG_").partition("=") for line in config.splitlines() if line.startswith("CONFIG_"))
    return {name: value for name, _, value in lines}


def _refusal(kconf: KernelKconfig, name: str, value: str) -> str:
    """Why the request had no effect; empty when it had."""
    symbol = kconf.syms.get(name)
    if symbol is None or not symbol.nodes:
        return "" if value == "n" else "no such symbol in this kernel"
    effective = symbol.str_value or "n"
    if effective == value.strip('"'):
        return ""
    reasons = [f"requested {value}, effective {effective}"]
    if unmet := list(_unmet(symbol.direct_dep)):
        reasons.append("unmet dependency: " + ", ".join(unmet))
    elif value == "n":
        reasons.append("selected by " + (", ".join(_selectors(symbol)) or "its own default"))
    elif symbol.choice is not None and symbol.choice.selection is not None:
        reasons.append(f"its choice took {symbol.choice.selection.name}")
    elif not symbol.visibility:
        reasons.append(_invisible(symbol))
    return "; ".join(reasons)


def _unmet(dependency: object) -> Iterable[str]:
    """Those terms of a conjunction that are not satisfied, as text with the values of their symbols."""
    for term in kconfiglib.split_expr(dependency, kconfiglib.AND):
        if kconfiglib.expr_value(term) == 0:
            values = sorted(
                {f"{s.name}={s.str_value or 'n'}" for s in kconfiglib.expr_items(term) if not s.is_constant}
            )
            yield f"{kconfiglib.expr_str(term)} ({', '.join(values)})"


def _selectors(symbol: kconfiglib.Symbol) -> list[str]:
    terms = kconfiglib.split_expr(symbol.rev_dep, kconfiglib.OR)
    return [kconfiglib.split_expr(t, kconfiglib.AND)[0].name for t in terms if kconfiglib.expr_value(t)]


def _invisible(symbol: kconfiglib.Symbol) -> str:
    prompts = [node.prompt[1] for node in symbol.nodes if node.prompt]
    if not prompts:
        return "it has no prompt: only another symbol can select it"
    return "its prompt is hidden: " + ", ".join(term for prompt in prompts for term in _unmet(prompt))


def main() -> int:
    """Arguments: a JSON file of requests, the `.config` to write, the JSON file for refused requests. 1 if any are.

    The working folder is the kernel's source; the environment is what the kernel's Makefile gives its own tool.
    """
    asked, config_path, refused_path = (Path(argument) for argument in sys.argv[1:])
    config, refused = merge(Path.cwd(), json.loads(asked.read_text(encoding="utf-8")))
    config_path.write_text(config, encoding="utf-8")
    refused_path.write_text(json.dumps(refused), encoding="utf-8")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
