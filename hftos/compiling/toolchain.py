"""What translates and compiles: this Python's Cython, and the machine's C compiler."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hftos.compiling.errors import CompilingError, NoCompilerError

KIND = "compiled"
"""The folder of the cache for what this Python imports."""
# C types come from the `.pxd` alone; annotations are for readers and mypy, where `int` is Python's.
_DIRECTIVES = {
    "annotation_typing": "False",
    "infer_types": "True",
    "boundscheck": "False",
    "wraparound": "False",
    "cdivision": "True",
    "initializedcheck": "False",
}
# Signed integers wrap, as CPython itself is compiled; nothing but the module's entry is visible to other objects.
FLAGS = ("-O2", "-fPIC", "-shared", "-fwrapv", "-fvisibility=hidden", "-DNDEBUG")


@dataclass(frozen=True)
class Toolchain:
    """How to compile; `identity` names versions, ABI and flags: the same identity and input give the same object.

    This one compiles for the Python that runs it. One for another machine overrides `compile`, and gives its objects a
    `kind` of their own: the folder of the cache they are kept in.
    """

    compiler: tuple[str, ...]
    include: Path
    identity: tuple[str, ...]
    kind: str = KIND

    def translate(self, folder: Path, module: str) -> Path:
        """Translate the module staged in `folder` to C. Raises CompilingError with Cython's own words."""
        place = Path(*module.split(".")).with_suffix(".py")
        directives = ",".join(f"{name}={value}" for name, value in _DIRECTIVES.items())
        command = [sys.executable, "-m", "cython", "-3", "--module-name", module, "-X", directives, str(place)]
        _run(command, folder, module)
        return folder / place.with_suffix(".c")

    def compile(self, translated: Path, target: Path, module: str) -> None:
        """Compile C to the extension module `target`. Raises CompilingError with the compiler's own words."""
        command = [*self.compiler, *FLAGS, f"-I{self.include}", str(translated), "-o", str(target)]
        _run(command, translated.parent, module)


def find(environment: Mapping[str, str]) -> Toolchain:
    """The tools of this machine; `CC` names the compiler. Raises NoCompilerError for the first that is missing."""
    if importlib.util.find_spec("Cython") is None:
        raise NoCompilerError("Cython is not installed; run: make setup")
    wanted = (environment.get("CC", ""), str(sysconfig.get_config_var("CC") or ""), "gcc", "cc")
    candidates = [tuple(shlex.split(text)) for text in wanted if text]
    path = environment.get("PATH", os.defpath)
    compiler = next((c for c in candidates if shutil.which(c[0], path=path)), None)
    if compiler is None:
        raise NoCompilerError("there is no C compiler; install gcc")
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").is_file():
        raise NoCompilerError(f"there is no {include}/Python.h; install python3-dev")
    version = _run([*compiler, "--version"], Path("/"), "the C compiler").partition("\n")[0]
    abi = str(sysconfig.get_config_var("SOABI"))
    return Toolchain(compiler, include, (*translator(), sys.version, abi, version, " ".join(FLAGS)))


def translator() -> tuple[str, ...]:
    """What decides the C that a module is translated to: Cython's version and directives."""
    version: str = importlib.import_module("Cython").__version__
    return (version, " ".join(f"{name}={value}" for name, value in _DIRECTIVES.items()))


def _run(command: list[str], folder: Path, module: str) -> str:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompilingError(f"{module} does not compile:\n{done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
