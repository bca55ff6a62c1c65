"""The message classes against the reference tables, field by field."""

import re
from typing import Any

import pytest

from protocols import itch50, ouch50
from protocols.fields import Kind
from protocols.ouch50_options import OPTIONS
from protocols.wire import Message

# Names that do not become snake case by the rule for the others.
ACRONYMS = {"ClOrdID": "cl_ord_id", "AIQ Strategy": "aiq_strategy"}


def attribute(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", ACRONYMS.get(name, name))
    return re.sub(r"[^A-Za-z0-9]+", "_", words).lower()


def same_type(kind: Kind, written: str) -> bool:
    bare = re.sub(r" (ns|s)$", "", written)
    return kind.name == bare


def rows(cls: type[Message]) -> list[tuple[str, int, int]]:
    return [(field.name, field.offset, field.size) for field in cls.FIELDS]


def expected_rows(fields: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(attribute(field["name"]), field["offset"], field["length"]) for field in fields]


@pytest.mark.parametrize("code", sorted(itch50.MESSAGES))
def test_itch_message_has_the_layout_of_its_table(code: str, tables: Any) -> None:
    table = next(table for table in tables["itch50"]["messages"] if table["type"] == code)
    cls = itch50.MESSAGES[code]
    fields = tables["itch50"]["header"][1:] + table["fields"]
    assert code == cls.TYPE
    assert table["name"] == cls.NAME
    assert table["length"] == cls.SIZE
    assert rows(cls) == expected_rows(fields)
    for field, written in zip(cls.FIELDS, fields, strict=True):
        assert same_type(field.kind, written["type"]), field.name


def test_all_itch_messages_are_there(tables: Any) -> None:
    assert set(itch50.MESSAGES) == {table["type"] for table in tables["itch50"]["messages"]}
    assert len(itch50.MESSAGES) == 23


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_all_ouch_messages_are_there(direction: str, tables: Any) -> None:
    classes = ouch50.INBOUND if direction == "inbound" else ouch50.OUTBOUND
    assert set(classes) == {table["type"] for table in tables["ouch50"][direction]}
    assert len(classes) == (8 if direction == "inbound" else 17)


@pytest.mark.parametrize(
    ("direction", "code"),
    [("inbound", code) for code in sorted(ouch50.INBOUND)] + [("outbound", code) for code in sorted(ouch50.OUTBOUND)],
)
def test_ouch_message_has_the_layout_of_its_table(direction: str, code: str, tables: Any) -> None:
    table = next(table for table in tables["ouch50"][direction] if table["type"] == code)
    cls: type[ouch50.OuchMessage] = (ouch50.INBOUND if direction == "inbound" else ouch50.OUTBOUND)[code]
    fields = table["fields"][1:]
    appendage = {"Req": "required", "Opt": "optional", "Opt*": "optional", "none": "none"}[table["appendage"]]
    assert cls.APPENDAGE.value == appendage
    if appendage != "none":
        assert fields.pop() == {"name": "Appendage Length", "offset": cls.SIZE, "length": 2, "type": "u16"}
    assert table["name"].removesuffix(" (rev 1.05)") == cls.NAME
    assert table["length"] == cls.SIZE + (0 if appendage == "none" else 2)
    assert rows(cls) == expected_rows(fields)
    for field, written in zip(cls.FIELDS, fields, strict=True):
        assert same_type(field.kind, written["type"]), field.name
    assert set(table["tags"]) == cls.TAGS


def test_ouch_options_have_the_sizes_of_their_table(tables: Any) -> None:
    table = {row["tag"]: row for row in tables["ouch50"]["options"]}
    assert set(OPTIONS) == set(table)
    for tag, spec in OPTIONS.items():
        assert spec.name == table[tag]["name"]
        assert spec.kind.size == table[tag]["length"], spec.name
        assert spec.kind.name == table[tag]["type"].replace("u64 price4", "price"), spec.name


def test_all_reject_codes_have_a_meaning(tables: Any) -> None:
    assert sorted(ouch50.REJECT_REASONS) == tables["ouch50"]["reject_codes"]


@pytest.mark.parametrize("cls", [*itch50.MESSAGES.values(), *ouch50.INBOUND.values(), *ouch50.OUTBOUND.values()])
def test_fields_follow_each_other_without_gaps(cls: type[Message]) -> None:
    offset = 1
    for field in cls.FIELDS:
        assert field.offset == offset
        offset += field.size
    assert offset == cls.SIZE
