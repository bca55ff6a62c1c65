"""Rows as Arrow columns: what is inserted, and what a query gives back.

Arrow is the way in because it was the fastest of those measured (`hftos bench store`): columns are handed over as they
lie in memory, texts as dictionaries.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from store.errors import StoreError
from store.tables import TABLES, Kind, Table

ARROW: Final[Mapping[Kind, pa.DataType]] = {
    Kind.U8: pa.uint8(),
    Kind.U16: pa.uint16(),
    Kind.U32: pa.uint32(),
    Kind.U64: pa.uint64(),
    Kind.I64: pa.int64(),
    Kind.GROWING: pa.uint64(),
    Kind.TIME: pa.timestamp("ns", "UTC"),
    Kind.PRICE: pa.uint32(),
    Kind.TEXT: pa.dictionary(pa.int32(), pa.string()),
    Kind.BYTES: pa.binary(),
    Kind.NUMBERS: pa.list_(pa.uint64()),
    Kind.TEXTS: pa.list_(pa.string()),
}
BINARY: Final = frozenset(("payload",))
"""Columns that stay bytes when they are read; all other texts are UTF-8."""


def columns(table: Table, owner: str, given: Mapping[str, Any]) -> pa.Table:
    """Columns of a table as Arrow, in its order. `owner`: whose rows they are, a run (or an audit log);
    `given`: a sequence, array or NumPy array by column but the owner's.

    StoreError names a column that is missing, of another length, or does not fit.
    """
    missing = sorted(set(table.names) - set(given) - {table.owner})
    unknown = sorted(set(given) - set(table.names))
    if missing or unknown:
        raise StoreError(f"table {table.name}: no column {', '.join(missing or unknown)}")
    lengths = {len(values) for values in given.values()}
    if len(lengths) > 1:
        raise StoreError(f"table {table.name}: columns of {sorted(lengths)} rows")
    count = lengths.pop() if lengths else 0
    arrays = []
    for column in table.columns:
        values = constant(owner, count) if column.name == table.owner else given[column.name]
        arrays.append(_array(table, column.name, column.kind, values))
    return pa.table(arrays, names=list(table.names))


def from_rows(table: Table, owner: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as dictionaries of all columns but the owner's."""
    return columns(table, owner, {name: [row[name] for row in rows] for name in table.names if name != table.owner})


def constant(text: str, count: int) -> pa.DictionaryArray:
    """A column that holds one text everywhere."""
    return coded(np.zeros(count, np.int32), [text])


def coded(codes: Any, texts: Iterable[str]) -> pa.DictionaryArray:
    """A column of texts, given as places in a list of them, which may name a text twice."""
    texts = list(texts)
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    if len(places) < len(texts):  # ClickHouse wants a dictionary's texts to differ
        codes = np.array([places[text] for text in texts], np.int32)[codes]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(list(places), pa.string()))


def empty(name: str) -> pa.Table:
    """A table's columns without rows."""
    return from_rows(TABLES[name], "", ())


def readable(found: pa.Table) -> pa.Table:
    """What a query gave, with texts as strings. StoreError for a text that is no UTF-8."""
    for index, field in enumerate(found.schema):
        wanted = _text_of(field.type)
        if wanted is not None and field.name not in BINARY:
            try:
                found = found.set_column(index, field.name, found.column(index).cast(wanted))
            except pa.ArrowInvalid as error:
                raise StoreError(
                    f"column {field.name} holds bytes that are no text: select hex({field.name})"
                ) from error
    return found


def _text_of(found: pa.DataType) -> pa.DataType | None:
    """The type of texts that bytes are read as; None for what are no bytes."""
    if pa.types.is_list(found) and pa.types.is_binary(found.value_type):
        return pa.list_(pa.string())
    return pa.string() if pa.types.is_binary(found) else None


def _array(table: Table, name: str, kind: Kind, values: Any) -> pa.Array:
    wanted = ARROW[kind]
    try:
        if isinstance(values, pa.Array | pa.ChunkedArray):
            return values if values.type == wanted else values.cast(wanted)
        if isinstance(values, np.ndarray) and kind is Kind.TIME:
            return pa.array(values.astype(np.int64), pa.int64()).cast(wanted)
        if kind is Kind.TIME:
            return pa.array(values, pa.int64()).cast(wanted)
        if kind is Kind.TEXT:
            return pa.array(values, pa.string()).dictionary_encode()
        return pa.array(values, wanted)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise StoreError(f"table {table.name}: a value of {name} does not fit {kind.sql}: {error}") from error
