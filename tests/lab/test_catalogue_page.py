"""docs/catalogue.md is what the catalogue's rows make of it."""

import tomllib
from dataclasses import fields
from pathlib import Path

from image import catalogue, knob
from lab import catalogue_page

PAGE = Path(__file__).parents[2] / "docs/catalogue.md"


def test_the_page_is_made_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue_page.page(catalogue.load()), f"run: {catalogue_page.COMMAND}"


def test_every_knob_has_a_line_of_its_own() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for row in catalogue.load():
        assert sum(line.startswith(f"| `{row.name}` |") for line in lines) == 1, row.name


def test_every_table_has_as_many_cells_in_each_line() -> None:
    rows = [line.replace("\\|", "") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert {row.count("|") for row in rows} == {3, 7}


def test_the_example_is_a_row_of_the_catalogue() -> None:
    example = tomllib.loads(catalogue_page.EXAMPLE)["knob"][0]
    assert knob.read(example, Path("boot.toml")) == catalogue.load()[example["name"]]
    assert catalogue_page.EXAMPLE in PAGE.read_text(encoding="utf-8")


def test_every_field_of_a_row_is_explained() -> None:
    assert set(catalogue_page.FIELDS) == knob._KEYS == {each.name for each in fields(knob.Knob)} - {"file"}
