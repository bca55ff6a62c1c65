"""The lock file says which versions went in."""

from pathlib import Path

from image import packages


def test_the_lock_file_round_trips(tmp_path: Path) -> None:
    path = tmp_path / "packages.lock"
    assert packages.read_lock(path) == {}
    packages.write_lock({"make": "4.4.1-2", "gcc": "4:14.2.0-1"}, path)
    assert path.read_text().splitlines()[1:] == ["gcc 4:14.2.0-1", "make 4.4.1-2"]
    assert packages.read_lock(path) == {"make": "4.4.1-2", "gcc": "4:14.2.0-1"}


def test_pins_prefer_the_locked_version_and_allow_another() -> None:
    # apt_preferences(5): above 1000 even a downgrade is chosen; a version that is not there has no effect.
    assert packages.pins({"gcc": "1"}) == "Package: gcc\nPin: version 1\nPin-Priority: 1001\n"


def test_differences_name_package_and_versions() -> None:
    assert packages.differences({}, {"gcc": "1"}) == []
    assert packages.differences({"gcc": "1"}, {"gcc": "1"}) == []
    assert packages.differences({"gcc": "1", "old": "1"}, {"gcc": "2", "new": "3"}) == [
        "gcc: locked 1, installed 2",
        "new: locked nothing, installed 3",
        "old: locked 1, installed nothing",
    ]


def test_the_tracked_lock_covers_the_package_list() -> None:
    assert set(packages.PACKAGES) <= set(packages.read_lock())
