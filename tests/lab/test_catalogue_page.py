"""docs/catalogue.md is what the catalogue's rows make of it."""

from pathlib import Path

from image import catalogue
from lab import catalogue_page

PAGE = Path(__file__).parents[2] / "docs/catalogue.md"


def test_the_page_is_made_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue_page.page(catalogue.load()), f"run: {catalogue_page.COMMAND}"


def test_every_knob_has_a_line_of_its_own() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for knob in catalogue.load():
        assert sum(line.startswith(f"| `{knob.name}` |") for line in lines) == 1, knob.name


def test_every_table_has_as_many_cells_in_each_line() -> None:
    rows = [line.replace("\\|", "") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert {row.count("|") for row in rows} == {3, 7}
