"""Products are named after their inputs, made once, and never seen half made."""

import os
import threading
from pathlib import Path

import pytest

from image import cache


def test_the_root_follows_the_base_directory_specification(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.root({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/hftos")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.root({}) == tmp_path / ".cache/hftos"
    assert cache.root({"XDG_CACHE_HOME": "relative"}) == tmp_path / ".cache/hftos"


def test_a_key_depends_on_every_input_and_on_nothing_else() -> None:
    assert cache.key(a=1, b=["x"]) == cache.key(b=["x"], a=1)
    assert len({cache.key(a=1), cache.key(a=2), cache.key(b=1), cache.key(a=1, b=1), cache.key(a="1")}) == 5


def test_a_tree_hash_sees_names_and_contents_but_no_byte_code(tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "a.py").write_text("1")
    first = cache.hash_tree(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__/a.pyc").write_text("x")
    assert cache.hash_tree(package) == first
    (package / "note.txt").write_text("x")
    assert cache.hash_tree(package, suffixes=(".py",)) == first
    (package / "a.py").write_text("2")
    assert cache.hash_tree(package, suffixes=(".py",)) != first
    (package / "a.py").write_text("1")
    (package / "a.py").rename(package / "b.py")
    assert cache.hash_tree(package, suffixes=(".py",)) != first


def test_a_product_is_made_once(tmp_path: Path) -> None:
    def make(out: Path) -> None:
        (out / "f").write_text("made")

    place, made = cache.product("kind", "name", make, cache=tmp_path)
    assert made
    assert (place / "f").read_text() == "made"
    assert cache.product("kind", "name", lambda out: pytest.fail("made twice"), cache=tmp_path) == (place, False)


def test_a_failed_product_leaves_nothing(tmp_path: Path) -> None:
    def fail(out: Path) -> None:
        (out / "half").write_text("x")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        cache.product("kind", "name", fail, cache=tmp_path)
    assert [p.name for p in (tmp_path / "kind").iterdir()] == ["name.lock"]


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "kind/.name-dead/product").mkdir(parents=True)
    cache.product("kind", "name", lambda out: None, cache=tmp_path)
    assert sorted(p.name for p in (tmp_path / "kind").iterdir()) == ["name", "name.lock"]


def test_two_builds_at_once_make_it_once(tmp_path: Path) -> None:
    calls = []
    start = threading.Barrier(4)

    def make(out: Path) -> None:
        calls.append(out)
        (out / "f").write_text("made")

    def build() -> None:
        start.wait()
        place, _ = cache.product("kind", "name", make, cache=tmp_path)
        assert (place / "f").read_text() == "made"

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_pruning_keeps_the_most_recently_used(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        place, _ = cache.product("kind", name, lambda out: None, cache=tmp_path)
        os.utime(place, (1000 - age, 1000 - age))
    cache.product("kind", "old", lambda out: None, cache=tmp_path)
    cache.prune("kind", 2, cache=tmp_path)
    assert sorted(p.name for p in (tmp_path / "kind").iterdir() if p.is_dir()) == ["new", "old"]
    cache.prune("absent", 2, cache=tmp_path)
