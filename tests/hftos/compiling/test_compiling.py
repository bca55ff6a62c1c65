"""A scratch project with two modules, compiled into a scratch cache."""

import subprocess
import sys
from pathlib import Path

import pytest

from hftos.compiling import build, finder, index, table
from hftos.compiling.errors import CompilingError

PYPROJECT = '[tool.hftos]\ncompiled = ["scratch.orders", "scratch.queue"]\n'
ORDERS = """
class Order:
    def __init__(self, price: int, shares: int) -> None:
        self.price = price
        self.shares = shares

    def fill(self, shares: int) -> int:
        self.shares -= shares
        return self.shares
"""
ORDERS_PXD = """
cdef class Order:
    cdef public long long price
    cdef public long long shares
    cpdef long long fill(self, long long shares)
"""
QUEUE = """
from scratch.orders import Order


class Iceberg(Order):
    def __init__(self, price: int, shares: int, hidden: int) -> None:
        super().__init__(price, shares)
        self.hidden = hidden

    def fill(self, shares: int) -> int:
        if Order.fill(self, shares) == 0:
            self.shares, self.hidden = self.hidden, 0
        return self.shares


def value(order: Order) -> int:
    return order.price * order.shares


def fill(order: Order, shares: int) -> int:
    return order.fill(shares)
"""
QUEUE_PXD = """
from scratch.orders cimport Order

cdef class Iceberg(Order):
    cdef public long long hidden
    cpdef long long fill(self, long long shares)

cpdef long long value(Order order)
cpdef long long fill(Order order, long long shares)
"""
USE = """
from scratch.orders import Order
from scratch.queue import Iceberg, fill, value
ice = Iceberg(10_000, 5, 50)
class Reserve(Order):
    def fill(self, shares):
        return -1
print(fill(ice, 3), fill(ice, 2), ice.hidden, value(ice), fill(Order(1, 9), 4), fill(Reserve(1, 2), 2))
"""
ANSWER = "2 50 0 500000 5 -1"


def write_project(root: Path) -> Path:
    (root / "scratch").mkdir(parents=True)
    for name, text in {
        "pyproject.toml": PYPROJECT,
        "scratch/__init__.py": "",
        "scratch/orders.py": ORDERS,
        "scratch/orders.pxd": ORDERS_PXD,
        "scratch/queue.py": QUEUE,
        "scratch/queue.pxd": QUEUE_PXD,
    }.items():
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests: what is compiled already is not compiled again, whatever project asks for it."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def run(project: Path, cache: Path | None, code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `code` in a new interpreter; with the finder, if there is a cache."""
    install = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(finder.ROOT)!r})
from hftos.compiling.finder import CompiledFinder
sys.meta_path.insert(0, CompiledFinder(Path({str(project)!r}), Path({str(cache)!r})))
"""
    program = f"import sys; sys.path.insert(0, {str(project)!r})\n" + (install if cache else "") + code
    return subprocess.run(
        [sys.executable, "-c", program], env=environment or None, capture_output=True, text=True, check=False
    )


def compile_all(project: Path, cache: Path) -> list[str]:
    lines: list[str] = []
    index.objects(project, table.names(project), lines.append, folder=cache)
    return lines


def test_compiled_and_interpreted_give_the_same(project: Path, cache: Path) -> None:
    where = "\nimport scratch.orders, scratch.queue; print(scratch.orders.__file__, scratch.queue.__file__)"
    compiled = run(project, cache, USE + where)
    interpreted = run(project, None, USE + where)
    assert (compiled.returncode, interpreted.returncode) == (0, 0), compiled.stderr + interpreted.stderr
    assert compiled.stdout.splitlines()[0] == interpreted.stdout.splitlines()[0] == ANSWER
    assert [Path(p).suffix for p in compiled.stdout.split()[-2:]] == [".so", ".so"]
    assert interpreted.stdout.split()[-2:] == [
        str(project / "scratch/orders.py"),
        str(project / "scratch/queue.py"),
    ]


def test_nothing_lies_beside_the_sources(project: Path, cache: Path) -> None:
    before = sorted(project.rglob("*"))
    compile_all(project, cache)
    assert sorted(project.rglob("*")) == before


def test_what_is_up_to_date_is_served_without_hashing_or_compiling(
    project: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_all(project, cache)
    monkeypatch.setattr(build, "build", lambda *_args, **_named: pytest.fail("nothing has changed"))
    assert compile_all(project, cache) == []


def test_a_changed_source_is_compiled_before_it_is_imported_and_no_other(project: Path, cache: Path) -> None:
    compile_all(project, cache)
    source = project / "scratch/queue.py"
    source.write_text(QUEUE.replace("order.price * order.shares", "order.price * order.shares + 1"))
    done = run(project, cache, USE)
    assert done.stdout.split()[3] == "500001", done.stderr
    first, second = done.stderr.splitlines()
    assert first == "==> compiling 1 modules"
    assert second.startswith("==> compiled scratch.queue (1/1, ")

    source.write_text(QUEUE)
    assert compile_all(project, cache) == [], "the object of the earlier source is still there"
    assert run(project, cache, USE).stdout.split() == ANSWER.split()


def test_without_a_compiler_it_runs_interpreted_and_says_so_once(project: Path, tmp_path: Path) -> None:
    done = run(project, tmp_path / "empty-cache", USE, PATH=str(tmp_path))
    assert done.stdout.strip() == ANSWER
    assert done.stderr == "hftos: running interpreted and slowly: there is no C compiler; install gcc\n"


def test_a_source_that_does_not_compile_is_an_error_with_its_place(project: Path, cache: Path) -> None:
    (project / "scratch/queue.py").write_text(QUEUE.replace("order: Order, shares: int", "order: Order"))
    with pytest.raises(CompilingError, match=r"(?s)^scratch\.queue does not compile:.*scratch/queue\.py:\d+"):
        compile_all(project, cache)
    done = run(project, cache, USE)
    assert done.returncode == 1
    assert "scratch.queue does not compile" in done.stderr


@pytest.mark.parametrize(
    ("name", "missing"), [("scratch/queue.py", "correct the name or take it off"), ("scratch/queue.pxd", "write it")]
)
def test_a_listed_module_needs_source_and_declarations(project: Path, name: str, missing: str) -> None:
    (project / name).unlink()
    with pytest.raises(CompilingError, match=rf"lists 'scratch\.queue': no {name}; {missing}"):
        table.names(project)


def test_every_module_with_declarations_in_a_folder_is_compiled_without_being_listed(project: Path) -> None:
    listed = table.names(project)
    settings = project / "pyproject.toml"
    settings.write_text(settings.read_text() + '\nfolders = ["mine"]\n')
    (project / "mine").mkdir()
    for name in ("__init__.py", "typed.py", "typed.pxd", "untyped.py", "only_declarations.pxd"):
        (project / "mine" / name).write_text("")
    assert table.names(project) == (*listed, "mine.typed")
    assert table.names(project, ["mine"]) == ("mine.typed",)
    assert table.names(project, ["scratch"]) == listed


def test_a_folder_without_a_list_has_no_compiled_modules(tmp_path: Path) -> None:
    assert table.names(tmp_path) == ()


def test_the_switch_leaves_everything_interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.setenv(finder.SWITCH, "1")
    finder.install()
    assert sys.meta_path == []
    monkeypatch.setenv(finder.SWITCH, "0")
    finder.install()
    finder.install()
    assert [type(entry) for entry in sys.meta_path] == [finder.CompiledFinder]


def test_tests_run_interpreted() -> None:
    assert not any(isinstance(entry, finder.CompiledFinder) for entry in sys.meta_path)
