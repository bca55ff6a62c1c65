"""Changes single values of a configuration's text and leaves the rest of it, comments included, as it is."""

import copy
import re
import tomllib
from typing import Any, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from hftapp.config_table import KEYS, VENUE_KEYS, Key

HIDDEN = "********"
_PART = re.compile(r"""(?:"(?P<quoted>[^"\\]*)"|(?P<name>[A-Za-z0-9_-]+))(?:\[(?P<index>\d{1,4})\])?""")
_PLAIN = ("int", "bool", "symbols", "shares_by_symbol")
"""Kinds of values that are no text in TOML."""


class EditError(ValueError):
    """A key or value that cannot be put into this text; the message says what to do."""


class Assignment(NamedTuple):
    """`path`: names and indices from the top; `value`: a TOML value; `text`: as it was given."""

    path: tuple[str | int, ...]
    value: Any
    text: str


def is_assignment(word: str) -> bool:
    """Whether a word of the command line is KEY=VALUE, and not the name of a file."""
    return "=" in word and _path(word.partition("=")[0]) is not None


def parse(word: str) -> Assignment:
    """`section.key=value`, also `strategy[0].params.size=200`. Text needs no quotes. Raises EditError."""
    name, _, given = word.partition("=")
    path = _path(name)
    if path is None or len(path) < 2:
        raise EditError(f"{name!r} is no key: must be SECTION.KEY, as in risk.max_order_shares=500")
    return Assignment(path, _value(_key(path), given.strip()), word)


def assign(text: str, assignments: list[Assignment]) -> str:
    """The text with the values put in. Raises EditError for text that is not TOML, or a section that is not there."""
    try:
        wanted = tomllib.loads(text)
        document = tomlkit.parse(text)
        for one in assignments:
            _put(wanted, one, copy.deepcopy(one.value))
            _put(document, one, one.value)
        changed = tomlkit.dumps(document)
        same = tomllib.loads(changed) == wanted
    except (tomllib.TOMLDecodeError, TOMLKitError) as error:
        raise EditError(f"single values cannot be changed in it ({error}): set a whole file") from error
    if not same:  # nothing but what was asked for may change
        raise EditError("single values cannot be changed in it: edit a copy and set the whole file")
    return changed


def masked(text: str) -> str:
    """The text with every secret as `HIDDEN`; raises EditError for text that is not TOML."""
    try:
        document = tomlkit.parse(text)
        for section, name in _secrets(document):
            section[name] = HIDDEN
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise EditError(f"its secrets cannot be found ({error}): show it with --secrets") from error


def masked_document(document: Any) -> Any:
    """The same for a parsed configuration."""
    found = copy.deepcopy(document)
    for section, name in _secrets(found):
        section[name] = HIDDEN
    return found


def _secrets(document: Any) -> list[tuple[Any, str]]:
    """Sections and keys of the secrets that a configuration has."""
    found = []
    for key in (key for key in (*KEYS, *VENUE_KEYS) if key.secret):
        sections = document.get(key.section, [])
        found += [
            (one, key.name) for one in (sections if isinstance(sections, list) else [sections]) if key.name in one
        ]
    return found


def _path(name: str) -> tuple[str | int, ...] | None:
    """The parts of a key; None when it is none."""
    path: list[str | int] = []
    at = 0
    while found := _PART.match(name, at):
        path.append(found["name"] if found["quoted"] is None else found["quoted"])
        path += [int(found["index"])] if found["index"] else []
        at = found.end()
        if at == len(name):
            return tuple(path)
        if name[at] != ".":
            return None
        at += 1
    return None


def _key(path: tuple[str | int, ...]) -> Key | None:
    table = VENUE_KEYS if path[0] == "venue" else KEYS
    return next((key for key in table if (key.section, key.name) == (path[0], path[-1])), None)


def _value(key: Key | None, given: str) -> Any:
    """What is given as TOML; as text where it is none, or where text is wanted."""
    try:
        found = tomllib.loads(f"value = {given}")
    except ValueError:
        return given
    value = found.get("value")
    wants_text = key is not None and key.kind not in _PLAIN
    return given if len(found) != 1 or (wants_text and not isinstance(value, str)) else value


def _put(document: Any, one: Assignment, value: Any) -> None:
    """Put a value in its place; sections that are missing are made, entries of lists are not."""
    *above, last = one.path
    if isinstance(last, int):
        raise EditError(f"{one.text}: must end with the name of a key, as in strategy[0].params.size=200")
    section = document
    for number, part in enumerate(above):
        section = _inside(section, part, one, ".".join(map(str, above[:number])))
    if isinstance(section, list):
        raise EditError(f"{one.text}: which of the sections [[{above[-1]}]]? Write {above[-1]}[0] for the first one")
    section[last] = value


def _inside(section: Any, part: str | int, one: Assignment, above: str) -> Any:
    """The section or list under a name or an index of another; `above` is the key until there."""
    if isinstance(part, int):
        there = len(section) if isinstance(section, list) else 0
        if part >= there:
            raise EditError(f"{one.text}: there is no {above}[{part}]: the file has {there} sections [[{above}]]")
        return section[part]
    if isinstance(section, list):
        raise EditError(f"{one.text}: which of the sections [[{above}]]? Write {above}[0] for the first one")
    if part not in section:
        section[part] = {}
    found = section[part]
    if not isinstance(found, dict | list):
        key = _key((one.path[0], part))
        shown = HIDDEN if key is not None and key.secret else repr(found)
        raise EditError(f"{one.text}: {above}{'.' if above else ''}{part} is {shown} there, not a section")
    return found
