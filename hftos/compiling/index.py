"""Which objects belong to the sources as they are now: a glance at sizes and times instead of a hash of everything.

The index of a checkout is a file in the cache, named after the checkout's folder. It is right as long as no file it
was made from has another size or modification time, and Python and Cython are the ones it was made with.
"""

import json
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hftos.compiling import build, table, toolchain
from image import cache


def objects(
    root: Path,
    modules: Sequence[str],
    say: build.Say,
    *,
    folder: Path | None = None,
    wanted: Sequence[str] | None = None,
    name: str = "",
) -> dict[str, Path]:
    """The object of each of `modules`, or of the `wanted` ones of them, whose index then has a `name` of its own.

    Brings the cache up to date first where a file has changed (`build.build`).
    """
    place = folder or cache.root()
    file = place / toolchain.KIND / f"index-{cache.key(root=str(root), python=sys.executable, name=name)}.json"
    before = stamp(root, modules)
    known = _read(file)
    if known.get("stamp") == before:
        found = {module: Path(path) for module, path in known["objects"].items()}
        if all(path.is_file() for path in found.values()):
            return found
    # Stamped before it was built: a source that changes meanwhile is built again next time.
    found = build.build(root, modules, say, folder=place, wanted=wanted)
    text = json.dumps({"stamp": before, "objects": {module: str(path) for module, path in found.items()}})
    with cache.lock("index", file.parent):
        scratch = file.with_suffix(".new")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(file)
    return found


def stamp(root: Path, modules: Sequence[str]) -> list[Any]:
    """Sizes and times of everything the objects are made from, with the versions they are made by."""
    tools = [Path(sysconfig.get_paths()["purelib"]) / "Cython" / "Shadow.py", Path(toolchain.__file__)]
    return [sys.version, *modules, *(_glance(path) for path in [*tools, *table.inputs(root, modules)])]


def _glance(path: Path) -> list[int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
