"""What a program can import on the target, and nothing else."""

from pathlib import Path

import pytest

from rootfs import python_closure
from rootfs.errors import MissingModuleError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A library folder with a few modules."""
    files = {
        "lib.py": "import helper\n",
        "helper.py": "",
        "lazy.py": "def f():\n    import heavy\n",
        "heavy.py": "import lib\n",
        "optional.py": "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n",
        "windows.py": "import winreg_\n",
        "pack/__init__.py": "from . import one\n",
        "pack/one.py": "from .two import x\nfrom .. import pack\n",
        "pack/two.py": "x = 1\n",
        "pack/three.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "own/app").mkdir(parents=True)
    (tmp_path / "own/app/__init__.py").write_text("")
    return tmp_path


def names(tree: Path, program: str, excluded: dict[str, str] | None = None) -> set[str]:
    return set(run(tree, program, excluded).modules) - {"app", "app.__main__"}


def run(tree: Path, program: str, excluded: dict[str, str] | None = None) -> python_closure.Closure:
    (tree / "own/app/__main__.py").write_text(program)
    path = [tree / "own", tree / "lib"]
    return python_closure.closure(["app.__main__"], path, excluded or {}, ["app"])


def test_imports_are_followed(tree: Path) -> None:
    assert names(tree, "import lib, sys") == {"lib", "helper"}


def test_imports_in_functions_and_cycles(tree: Path) -> None:
    assert names(tree, "import lazy") == {"lazy", "heavy", "lib", "helper"}


def test_packages_bring_their_parents_and_only_the_submodules_named(tree: Path) -> None:
    assert names(tree, "from pack.two import x") == {"pack", "pack.one", "pack.two"}
    assert names(tree, "from pack import three") == {"pack", "pack.one", "pack.two", "pack.three"}


def test_relative_imports_of_our_own(tree: Path) -> None:
    (tree / "own/app/part.py").write_text("import helper\n")
    assert names(tree, "from . import part") == {"app.part", "helper"}
    assert names(tree, "from .part import helper") == {"app.part", "helper"}


@pytest.mark.parametrize(
    "dead",
    [
        "import sys\nif sys.platform == 'win32':\n    import heavy\n",
        "import sys\nif sys.platform.startswith('win'):\n    import heavy\n",
        "import os\nif os.name != 'posix':\n    import heavy\n",
        "import sys\nif not sys.platform == 'linux':\n    import heavy\n",
        "import sys\nif sys.platform == 'linux':\n    pass\nelse:\n    import heavy\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import heavy\n",
        "if __name__ == '__main__':\n    import heavy\n",
    ],
)
def test_what_cannot_run_on_the_target_is_left_out(tree: Path, dead: str) -> None:
    (tree / "lib/typing.py").write_text("")
    (tree / "lib/os.py").write_text("")
    assert "heavy" not in names(tree, dead)


def test_live_branches_count(tree: Path) -> None:
    assert "heavy" in names(tree, "import sys\nif sys.platform == 'linux':\n    import heavy\n")
    assert "heavy" in names(tree, "import sys\nif sys.flags.dev_mode:\n    import heavy\n")


def test_literal_dynamic_imports_count(tree: Path) -> None:
    (tree / "lib/importlib.py").write_text("")
    assert "heavy" in names(tree, "import importlib\nimportlib.import_module('heavy')\n")
    assert "heavy" in names(tree, "__import__('heavy')\n")


def test_modules_without_a_file_of_their_own(tree: Path) -> None:
    (tree / "lib/os.py").write_text("")
    (tree / "lib/posixpath.py").write_text("")
    assert names(tree, "import os.path") == {"os", "posixpath"}


def test_exclusions_hold_for_the_library_and_give_their_reason(tree: Path) -> None:
    found = run(tree, "import lazy", {"heavy": "too heavy"})
    assert "heavy" not in found.modules
    assert found.left_out == {"heavy": "too heavy"}


def test_what_our_own_modules_import_is_never_excluded(tree: Path) -> None:
    assert "heavy" in names(tree, "import lazy, heavy", {"heavy": "too heavy"})
    (tree / "own/app/part.py").write_text("def f():\n    import pack.two\n")
    assert "pack.one" in names(tree, "from app import part", {"pack": "too heavy"})


def test_a_missing_import_of_our_own_is_an_error_with_its_place(tree: Path) -> None:
    with pytest.raises(MissingModuleError, match=r"app\.__main__, line 2 imports nowhere, which is not in the image"):
        run(tree, "import lib\nimport nowhere\n")


def test_a_missing_import_may_be_caught(tree: Path) -> None:
    program = "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\n"
    assert run(tree, program).left_out == {"nowhere": "not in this Python; app.__main__ can do without"}


def test_the_library_may_name_other_platforms_modules(tree: Path) -> None:
    assert run(tree, "import windows").left_out == {"winreg_": "not in this Python; windows can do without"}


def test_a_missing_program_is_an_error(tree: Path) -> None:
    with pytest.raises(MissingModuleError, match=r"imports app\.nothing"):
        python_closure.closure(["app.nothing"], [tree / "own"], {}, ["app"])


@pytest.fixture
def hot(tree: Path) -> Path:
    """An own package with a compiled module that uses another's types."""
    files = {
        "hot.py": "import cython\nimport lib\nif not cython.compiled:\n    from app.octets import be32\n"
        "if cython.compiled:\n    import optional\n",
        "hot.pxd": "from app.port cimport Port\nfrom app.octets cimport be32\nfrom libc.stdint cimport int64_t\n",
        "port.py": "import heavy\n",
        "octets.py": "import windows\n",
    }
    for name, text in files.items():
        (tree / "own/app" / name).write_text(text)
    return tree


def compiled_run(tree: Path, *modules: str) -> python_closure.Closure:
    (tree / "own/app/__main__.py").write_text("import app.hot\n")
    objects = {name: tree / f"{name}.so" for name in modules}
    return python_closure.closure(["app.__main__"], [tree / "own", tree / "lib"], {}, ["app"], objects)


def test_a_compiled_module_imports_what_its_source_and_its_declarations_name(hot: Path) -> None:
    found = compiled_run(hot, "app.hot", "app.port").modules
    assert {"app.hot", "lib", "helper", "optional", "app.port", "heavy"} <= set(found)
    assert "app.octets" not in found, "inlined, and imported only where it is interpreted"
    assert found["app.hot"].compiled == hot / "app.hot.so"
    assert found["lib"].compiled is None


def test_a_module_that_needs_to_be_compiled_but_is_not_is_an_error(hot: Path) -> None:
    with pytest.raises(
        MissingModuleError, match=r"app\.hot, line 1 imports cython.*: list app\.hot under \[tool\.hftos\] compiled"
    ):
        compiled_run(hot, "app.port")
