"""The Python part of the initramfs, made by this Python for itself: it must run with nothing else."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from rootfs import bytecode, python_tree

ROOT = Path(python_tree.__file__).resolve().parent.parent
STDLIB = Path(sysconfig.get_paths()["stdlib"])


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    files = {
        "app/__init__.py": '"""The program."""\n',
        "app/__main__.py": "import json, dataclasses\nfrom parts import one\nprint(json.dumps([one.__doc__]))\n",
        "app/strategy.py": "import bisect\n",
        "app/cli.py": "import click_is_not_in_the_image\n",
        "parts/__init__.py": "",
        "parts/one.py": '"""Kept."""\n',
        "parts/unused.py": "",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def make(out: Path, sources: Path, compiled: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    spec: dict[str, object] = {"program": "app", "packages": ["app", "parts"], "named": ["app"]}
    spec |= {"sources": str(sources), "stdlib": str(STDLIB), "compiled": compiled or {}}
    (out / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-B", "-m", "rootfs.python_tree", str(out / "spec.json"), str(out)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> Path:
    out = tmp_path_factory.mktemp("tree")
    done = make(out, sources)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_only_byte_code_and_shared_objects(tree: Path) -> None:
    files = [path for path in (tree / "tree").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".pyc", ".so"}


def test_the_program_runs_from_it_alone(tree: Path) -> None:
    library = tree / "tree/usr/lib" / STDLIB.name
    path = [str(library), str(library / "lib-dynload")]
    program = f"import sys; sys.path[:] = {path!r}; import runpy; runpy.run_module('app', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ('["Kept."]\n', "")


def test_modules_that_configuration_may_name_are_in(tree: Path) -> None:
    report = json.loads((tree / "closure.json").read_text())
    modules = {row["module"] for row in report["modules"]}
    assert {"app.strategy", "bisect"} <= modules
    assert "parts.unused" not in modules


def test_what_the_image_cannot_hold_is_left_out_with_the_reason(tree: Path) -> None:
    report = json.loads((tree / "closure.json").read_text())
    assert "app.cli, line 1 imports click_is_not_in_the_image" in report["left_out"]["app.cli"]


def test_the_same_sources_give_the_same_bytes(tree: Path, sources: Path, tmp_path: Path) -> None:
    assert make(tmp_path, sources).returncode == 0
    first = {p.relative_to(tree): p.read_bytes() for p in (tree / "tree").rglob("*") if p.is_file()}
    second = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "tree").rglob("*") if p.is_file()}
    assert first == second


def test_a_program_that_cannot_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").write_text("")
    (tmp_path / "app/__main__.py").write_text("import click_is_not_in_the_image\n")
    done = make(tmp_path, tmp_path)
    assert done.returncode == 1
    assert "MissingModuleError: app.__main__, line 1" in done.stdout


def test_byte_code_has_no_time_stamp_and_follows_the_optimisation() -> None:
    source = b'"""Doc."""\nassert False, "checked"\n'
    # PEP 552: flags 1 is an unchecked hash.
    assert bytecode.compile_module(source, "/x.py", 0)[4:8] == b"\1\0\0\0"
    assert b"checked" in bytecode.compile_module(source, "/x.py", 0)
    assert b"checked" not in bytecode.compile_module(source, "/x.py", 2)


def test_a_compiled_module_takes_the_place_of_its_byte_code(sources: Path, tmp_path: Path) -> None:
    made = tmp_path / "one.so"
    made.write_bytes(b"machine code")
    assert make(tmp_path, sources, {"parts.one": str(made)}).returncode == 0
    place = f"usr/lib/{STDLIB.name}/parts/one.so"
    assert (tmp_path / "tree" / place).read_bytes() == b"machine code"
    assert not (tmp_path / "tree" / place).with_suffix(".pyc").exists()
    rows = {row["module"]: row["path"] for row in json.loads((tmp_path / "closure.json").read_text())["modules"]}
    assert rows["parts.one"] == place
