"""The file of the catalogue's rows, as the machine reads it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.knobs import table
from hftapp.knobs.table import HUGE_PAGE_BYTES, KnobsError

ROW = {"name": "w", "layer": "sysfs", "key": "/w", "value": "{housekeeping_mask}", "shows": "{housekeeping_mask}"}


def load(folder: Path, rows: list[dict[str, Any]], isolated: str = "1-N", cpus: str = "0-3") -> table.Table:
    (folder / "present").write_text(cpus)
    (folder / "possible").write_text("0-7")
    path = folder / "knobs.json"
    path.write_text(json.dumps({"profile": "p", "isolated": isolated, "housekeeping": "0", "knobs": rows}))
    return table.load(path, str(folder))


def test_n_is_the_last_cpu_and_those_that_are_not_there_do_not_count(tmp_path: Path) -> None:
    found = load(tmp_path, [])
    assert (found.isolated, found.housekeeping) == ((1, 2, 3), (0,))


def test_a_machine_with_one_cpu_isolates_none(tmp_path: Path) -> None:
    assert load(tmp_path, [], cpus="0").isolated == ()


def test_the_mask_is_that_of_the_housekeeping_cpus(tmp_path: Path) -> None:
    (row,) = load(tmp_path, [ROW]).rows
    assert (row.value, row.shows) == ("1", "1")


def test_a_value_that_only_the_configuration_knows_is_put_in(tmp_path: Path) -> None:
    (row,) = load(tmp_path, [{**ROW, "value": "unset"}]).with_value("w", "18").rows
    assert (row.value, row.shows) == ("18", "18")


def test_without_the_file_nothing_is_known_of_any_knob(tmp_path: Path) -> None:
    with pytest.raises(KnobsError, match="the image was built without its knobs"):
        table.load(tmp_path / "none", str(tmp_path))


@pytest.mark.parametrize("row", [{}, {**ROW, "value": 1}, {**ROW, "colour": "red"}, "text"])
def test_a_row_of_another_shape_is_refused(tmp_path: Path, row: Any) -> None:
    with pytest.raises(KnobsError, match="build the image again"):
        load(tmp_path, [row])


@given(st.binary(max_size=200))
def test_any_other_content_is_an_error_with_a_remedy(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("knobs") / "knobs.json"
    path.write_bytes(content)
    with pytest.raises(KnobsError, match=r"knobs\.json"):
        table.load(path, str(path.parent))


@pytest.mark.parametrize(("frames", "pages"), [(128, "17"), (1024 + 256, "18"), (2 * 16_384, "56")])
def test_huge_pages_cover_the_rings(frames: int, pages: str) -> None:
    assert table.huge_pages(frames) == pages
    assert int(pages) * HUGE_PAGE_BYTES > frames * 2560
