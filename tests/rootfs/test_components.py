"""The manifest's rows."""

import hashlib
from pathlib import Path

from rootfs import components


def test_one_file_keeps_its_own_hash() -> None:
    part = components.component("libc", "library", "1", {"lib/libc": b"abc"}, "needed")
    assert (part.bytes, part.files) == (3, 1)
    assert part.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert part.as_dict()["why"] == "needed"


def test_several_files_hash_names_and_contents_in_any_order() -> None:
    files = {"a": b"1", "b": b"2"}
    part = components.component("p", "k", "1", files, "w")
    assert part == components.component("p", "k", "1", dict(reversed(files.items())), "w")
    assert part.sha256 != components.component("p", "k", "1", {"a": b"2", "b": b"1"}, "w").sha256
    assert (part.bytes, part.files) == (2, 2)


def test_owners_also_under_the_old_name_of_usr_lib(tmp_path: Path) -> None:
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / "libc6:amd64.list").write_text("/lib/x/libc.so.6\n")
    (info / "python.list").write_text("/usr/bin/python\n")
    paths = [tmp_path / "usr/lib/x/libc.so.6", tmp_path / "usr/bin/python", tmp_path / "usr/bin/own"]
    owned = components.owners(tmp_path, paths)
    assert owned == {paths[0]: "libc6", paths[1]: "python"}
    assert components.version_of(paths[0], owned, {"libc6": "2.41"}) == "libc6 2.41"
    assert components.version_of(paths[2], owned, {"libc6": "2.41"}) == "unknown"


def test_bytes_by_kind_largest_first() -> None:
    parts = [components.component(n, k, "1", {"f": b"x" * s}, "w") for n, k, s in [("a", "s", 1), ("b", "l", 9)]]
    assert list(components.summarise([*parts, parts[0]]).items()) == [("l", 9), ("s", 2)]
