"""Configures and compiles the kernel in the build root.

Three cached products, each named after what it depends on: the unpacked source, the `.config`, the kernel. A changed
reason in a fragment changes no `.config`, and an unchanged `.config` compiles nothing.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import kconfiglib

from image import cache, kconfig
from image.buildroot import BuildRoot
from image.errors import CommandFailedError, ConfigRefusedError
from image.profile import Profile
from image.progress import Reporter

RECIPE = 1
PACKAGE = "linux-source-6.12"
# What a build of the `qemu` profile prints, for each symbol that is on; only the time left depends on it.
_LINES_PER_SYMBOL = 3.04
# Sources of what no trading server has; their Kconfig files stay, the whole tree is parsed.
_FOREIGN = (
    *("alpha", "arc", "arm", "arm64", "csky", "hexagon", "loongarch", "m68k", "microblaze", "mips", "nios2"),
    *("openrisc", "parisc", "powerpc", "riscv", "s390", "sh", "sparc", "um", "xtensa"),
)
_LEFT_OUT = (
    *(f"*/drivers/{folder}/*.[ch]" for folder in ("gpu", "media", "staging", "net/wireless")),
    *(f"*/arch/{arch}/*.[chS]" for arch in _FOREIGN),
    *(f"*/Documentation/*.{suffix}" for suffix in ("rst", "yaml", "txt", "svg")),
    *("*/sound/*.[ch]", "*.dts", "*.dtsi", "*/tools/testing/*", "*/tools/perf/*"),
)
_TOOLS = {"ARCH": "x86", "CC": "gcc", "LD": "ld", "NM": "nm", "OBJCOPY": "objcopy", "HOSTCC": "gcc"}
_REPRODUCIBLE = (
    "KBUILD_BUILD_TIMESTAMP=@0",
    "KBUILD_BUILD_USER=hftos",
    "KBUILD_BUILD_HOST=hftos",
    "KBUILD_BUILD_VERSION=1",
)
# Text, data, bss and name of every object that is linked into the kernel.
_SIZES = "ar t vmlinux.a | xargs size"
_OBJECT = re.compile(r"^  (?:CC|AS|LD|AR|HOSTCC|GEN|OBJCOPY) ")


@dataclass(frozen=True, slots=True)
class Kernel:
    """A compiled kernel: the bzImage, its `.config`, the package version of its source, `size` of every object."""

    image: Path
    config: Path
    version: str
    objects: Path


def ensure(root: BuildRoot, profile: Profile, reporter: Reporter) -> Kernel:
    """The kernel of `profile`, compiled if the cache has none.

    Raises ConfigRefusedError when a requested symbol did not take effect, CommandFailedError when the compiler failed.
    """
    version, compiler = root.versions[PACKAGE], _compiler(root)
    config = configure(root, profile, reporter)
    name = cache.key(recipe=RECIPE, source=version, config=cache.hash_file(config), compiler=compiler)

    def make(out: Path) -> None:
        source = _source(root, reporter, version)
        with reporter.step("kernel") as update:
            _compile(root, source, config, out, update)

    folder, _ = cache.product("kernel", name, make)
    return Kernel(folder / "vmlinuz", folder / "config", version, folder / "objects")


def _compiler(root: BuildRoot) -> dict[str, str]:
    """The packages that decide what comes out of the same source and configuration."""
    return {name: v for name, v in root.versions.items() if name.startswith(("gcc-", "binutils", "lz4"))}


def _source(root: BuildRoot, reporter: Reporter, version: str) -> Path:
    """The unpacked source tree, without what no profile can use."""

    def make(out: Path) -> None:
        excludes = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        archive = f"/usr/src/{PACKAGE}.tar.xz"
        unpack = ["tar", "-x", "--no-same-owner", "--strip-components=1", *excludes, "-f", archive, "-C", "/mnt/out"]
        with reporter.step("kernel source"):
            root.run(unpack, binds={"out": out})

    folder, _ = cache.product("linux", cache.key(version=version, left_out=_LEFT_OUT), make)
    return folder


def configure(root: BuildRoot, profile: Profile, reporter: Reporter) -> Path:
    """The `.config` of `profile`; never cached when a request was refused, which raises ConfigRefusedError."""
    version, compiler = root.versions[PACKAGE], _compiler(root)
    requests = {symbol.name: symbol.value for symbol in profile.symbols}
    tool = cache.hash_file(Path(kconfig.__file__)) + cache.hash_file(Path(kconfiglib.__file__))
    name = cache.key(recipe=RECIPE, source=version, requests=requests, tool=tool, compiler=compiler)

    def make(out: Path) -> None:
        source = _source(root, reporter, version)
        with reporter.step("kernel configuration"):
            refused = _merge(root, source, requests, out)
        if refused:
            rows = {symbol.name: symbol for symbol in profile.symbols}
            raise ConfigRefusedError(
                "the kernel does not take these symbols:\n"
                + "\n".join(f"  {n} ({rows[n].fragment}.toml, for: {rows[n].why}): {r}" for n, r in refused.items())
            )

    folder, _ = cache.product("kconfig", name, make)
    return folder / "config"


def _merge(root: BuildRoot, source: Path, requests: dict[str, str], out: Path) -> dict[str, str]:
    """Writes `config` to `out`; the requests that had no effect, with reasons."""
    (out / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
    command = ["python3", "-B", "-m", "kconfig", "/mnt/out/requests.json", "/mnt/out/config", "/mnt/out/refused.json"]
    try:
        root.run(
            command,
            binds={**tool_binds(source), "out": out},
            environment=tool_environment(root, source),
            folder="/mnt/linux",
        )
    except CommandFailedError:
        if not (out / "refused.json").is_file():
            raise
    refused: dict[str, str] = json.loads((out / "refused.json").read_text(encoding="utf-8"))
    return refused


def source_tree(root: BuildRoot, reporter: Reporter) -> Path:
    """The unpacked source of the kernel."""
    return _source(root, reporter, root.versions[PACKAGE])


def tool_binds(source: Path) -> dict[str, Path]:
    """What programs that read Kconfig files need to see in the build root."""
    return {"linux": source, "kconfig.py": Path(kconfig.__file__), "kconfiglib.py": Path(kconfiglib.__file__)}


def tool_environment(root: BuildRoot, source: Path) -> dict[str, str]:
    """What the kernel's Makefile gives its own configuration tool."""
    banner = root.run(["gcc", "--version"]).splitlines()[0]
    makefile = (source / "Makefile").read_text(encoding="utf-8")
    numbers = [re.search(rf"^{word} = (\d+)$", makefile, re.M) for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return {
        **_TOOLS,
        "srctree": ".",
        "SRCARCH": "x86",
        "CC_VERSION_TEXT": banner,
        "KERNELVERSION": ".".join(m[1] for m in numbers if m),
        "PAHOLE": "pahole",
        "RUSTC": "rustc",
        "BINDGEN": "bindgen",
        "PYTHONPATH": "/mnt",
    }


def _compile(root: BuildRoot, source: Path, config: Path, out: Path, update: Callable[[int, int], None]) -> None:
    compiler = "gcc"
    if any(path.is_dir() and not path.name.startswith(".") for path in out.parent.parent.iterdir()):
        # A machine that has built a kernel builds variants. The first one would only pay: filling the compiler's cache
        # costs a quarter more, compiling from it takes a tenth.
        compiler = "ccache gcc"
    compiler_cache = cache.root() / "ccache"
    compiler_cache.mkdir(parents=True, exist_ok=True)
    done, expected = 0, int(_LINES_PER_SYMBOL * config.read_text(encoding="utf-8").count("=y\n"))

    def count(line: str) -> None:
        nonlocal done
        if _OBJECT.match(line):
            done += 1
            update(done, expected)

    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        build = Path(scratch)
        shutil.copy(config, build / ".config")
        binds = {"linux": source, "build": build, "ccache": compiler_cache}
        environment = {"CCACHE_DIR": "/mnt/ccache", "CCACHE_MAXSIZE": "2G", "CCACHE_NOHASHDIR": "1"}
        make = ["make", "-C", "/mnt/linux", "O=/mnt/build", "ARCH=x86", f"CC={compiler}", *_REPRODUCIBLE]
        root.run([*make, "olddefconfig"], binds=binds, environment=environment)
        _check(config, build / ".config")
        jobs = f"-j{os.cpu_count() or 1}"
        root.run([*make, jobs, "bzImage"], binds=binds, environment=environment, on_line=count)
        shutil.copy(build / "arch/x86/boot/bzImage", out / "vmlinuz")
        shutil.copy(build / "System.map", out / "System.map")
        shutil.copy(build / ".config", out / "config")
        sizes = root.run(["sh", "-ec", _SIZES], binds=binds, folder="/mnt/build")
        (out / "objects").write_text(sizes, encoding="utf-8")


def _check(ours: Path, theirs: Path) -> None:
    """The kernel's own tool must agree with ours on every symbol we set."""
    wanted = kconfig.parse(ours.read_text(encoding="utf-8"))
    wrong = kconfig.check(theirs.read_text(encoding="utf-8"), wanted)
    if wrong:
        raise ConfigRefusedError("\n".join(f"{name}: {reason}" for name, reason in wrong.items()))
