"""What a browser gets: rows, conflation, windows, stalls."""

import tracemalloc
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from office.dashboard import schema
from office.dashboard.client import FRAME_BYTES, STALL_NS, WINDOW, Client
from office.dashboard.reader import Reader
from office.dashboard.rows import Key, Rows

VALUES = {
    "u8": st.integers(0, 255),
    "u32": st.integers(0, 2**32 - 1),
    "i64": st.integers(-(2**63), 2**63 - 1),
    "f64": st.floats(allow_nan=False),
    "text": st.text(max_size=40),
    "blob": st.binary(max_size=200),
}


def tables(changed: dict[Key, None]) -> dict[int, Rows]:
    return {table.number: Rows(table, changed, lambda row: row) for table in schema.TABLES}


def position(symbol: str, shares: int) -> tuple[Any, ...]:
    return (1, shares, shares, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, symbol)


def drain(client: Client, reader: Reader, now: int = 0) -> int:
    """Read and acknowledge until nothing is left; gives the number of frames."""
    frames = 0
    while (frame := client.frame(now, 0.0, 0)) is not None:
        client.acknowledge(reader.apply(frame).number, now)
        frames += 1
    return frames


@given(st.data())
def test_every_row_of_every_table_comes_through_whole(data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(schema.TABLES))
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    values = [data.draw(VALUES[kind]) for _, kind in table.columns]
    number = all_rows[table.number].add(values)
    client, reader = Client(all_rows, 0), Reader()
    client.selected = number
    client.note(changed)
    drain(client, reader)
    names = [name for name, _ in table.columns]
    assert reader.tables[table.name] == {number: dict(zip(names, values, strict=True))}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["put", "remove", "frame", "ack"]), st.integers(0, 1000))))
def test_whatever_is_conflated_the_browser_ends_with_the_tables_of_the_hub(steps: list[tuple[int, str, int]]) -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    rows = all_rows[schema.POSITIONS.number]
    client, reader, newest = Client(all_rows, 0), Reader(), 0
    for number, step, value in steps:
        if step == "put":
            rows.put(number, position(f"S{number}", value))
        elif step == "remove":
            rows.remove(number)
        elif step == "ack":
            client.acknowledge(newest, 0)
        client.note(changed)
        changed.clear()
        if step == "frame" and (frame := client.frame(0, 0.0, 0)) is not None:
            newest = reader.apply(frame).number
    client.acknowledge(newest, 0)
    drain(client, reader)
    expected = {number: rows[number][1] for number in rows.ids()}
    assert {number: row["shares"] for number, row in reader.tables["positions"].items()} == expected


def test_a_row_that_changes_a_thousand_times_between_two_frames_is_encoded_once() -> None:
    changed: dict[Key, None] = {}
    encoded = []

    def content(row: Any) -> Any:
        encoded.append(row)
        return position("AAPL", row[0])

    rows = Rows(schema.POSITIONS, changed, content)
    others = {**tables(changed), schema.POSITIONS.number: rows}
    one, two = Client(others, 0), Client(others, 0)
    state = [0]
    number = rows.add(state)
    for value in range(1_000):
        state[0] = value
        rows.touch(number)
    first, second = Reader(), Reader()
    for client, reader in ((one, first), (two, second)):
        client.note(changed)
        drain(client, reader)
        assert reader.tables["positions"][number]["shares"] == 999
    assert len(encoded) == 1


def test_what_waits_longest_goes_first_so_nothing_starves_behind_what_changes_always() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    rows = all_rows[schema.POSITIONS.number]
    numbers = [rows.add(position("X" * 8, place)) for place in range(6_000)]
    client, reader = Client(all_rows, 0), Reader()
    for _ in range(20):
        for number in numbers[:100]:
            rows.touch(number)
        client.note(changed)
        changed.clear()
        frame = client.frame(0, 0.0, 0)
        assert frame is not None
        assert len(frame) <= FRAME_BYTES + 1024
        client.acknowledge(reader.apply(frame).number, 0)
    assert len(reader.tables["positions"]) == 6_000


def test_no_more_than_the_window_is_on_the_way() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    client = Client(all_rows, 0)
    rows = all_rows[schema.POSITIONS.number]
    number = rows.add(position("AAPL", 0))
    sent = 0
    for _ in range(50):
        rows.touch(number)
        client.note(changed)
        sent += client.frame(0, 0.0, 0) is not None
    assert sent == client.behind == WINDOW
    assert client.heartbeat(0, 0.0, 0) is None
    client.acknowledge(1, 0)
    assert client.frame(0, 0.0, 0) is not None


def test_acknowledging_what_was_never_sent_opens_no_window() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    client = Client(all_rows, 0)
    client.acknowledge(10**9, 0)
    client.acknowledge(-5, 0)
    rows = all_rows[schema.POSITIONS.number]
    for _ in range(5):
        rows.add(position("AAPL", 0))
        client.note(changed)
        client.frame(0, 0.0, 0)
    assert client.behind == WINDOW


def test_a_client_that_acknowledges_nothing_is_stalled_after_five_seconds_and_an_idle_one_never() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    idle, stalled = Client(all_rows, 0), Client(all_rows, 0)
    all_rows[schema.POSITIONS.number].add(position("AAPL", 1))
    stalled.note(changed)
    assert stalled.frame(100, 0.0, 0) is not None
    assert not stalled.stalled(100 + STALL_NS)
    assert stalled.stalled(101 + STALL_NS)
    assert not idle.stalled(10 * STALL_NS)
    stalled.acknowledge(1, 101 + STALL_NS)
    assert not stalled.stalled(10 * STALL_NS)


def test_a_stalled_client_costs_less_than_ten_megabytes_however_much_changes() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    books, levels = all_rows[schema.BOOKS.number], all_rows[schema.LADDER.number]
    for place in range(schema.BOOKS.limit):
        number = books.add((1, 0, 1, 2, 3, 4, 5, 6, 0.0, f"S{place:05}"))
        levels.put(number, (5, 5, 0.0, bytes(120)))
    for table in (schema.ORDERS, schema.POSITIONS, schema.COUNTERS, schema.LATENCY):
        values = [0 if kind in schema.FIXED else "text" for _, kind in table.columns]
        for _ in range(table.limit):
            all_rows[table.number].add(values)
    for rows in all_rows.values():
        for number in rows.ids():
            rows.encoded(number)
    tracemalloc.start()
    client = Client(all_rows, 0)
    on_the_way = []
    for _ in range(100):
        client.note(changed)
        if (frame := client.frame(0, 0.0, 0)) is not None:
            on_the_way.append(frame)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(on_the_way) == WINDOW
    assert used < 10 << 20


def test_the_levels_of_a_book_are_sent_only_to_who_has_chosen_it() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    books, levels = all_rows[schema.BOOKS.number], all_rows[schema.LADDER.number]
    numbers = [books.add((1, 0, 1, 2, 3, 4, 5, 6, 0.0, name)) for name in ("AAPL", "MSFT")]
    for number in numbers:
        levels.put(number, (1, 0, 0.0, bytes(12)))
    client, reader = Client(all_rows, 0), Reader()
    client.note(changed)
    drain(client, reader)
    assert len(reader.tables["books"]) == 2
    assert reader.tables["ladder"] == {}
    client.select(numbers[1])
    drain(client, reader)
    assert list(reader.tables["ladder"]) == [numbers[1]]
    client.select(999_999)
    assert drain(client, reader) == 0


def test_a_full_table_forgets_its_oldest_row_and_so_does_the_browser() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    rows = all_rows[schema.LOG.number]
    client, reader = Client(all_rows, 0), Reader()
    for place in range(schema.LOG.limit + 3):
        rows.add((0.0, 1, "info", f"line {place}"))
        client.note(changed)
        changed.clear()
        if place % 7 == 0:
            drain(client, reader)
    drain(client, reader)
    assert len(rows) == rows.table.limit == len(reader.tables["log"])
    assert rows.evicted == 3
    assert min(reader.tables["log"]) == 4


def test_text_that_is_too_long_is_cut_and_the_row_stays_readable() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    all_rows[schema.LOG.number].add((0.0, 1, "info", "é" * 70_000))
    client, reader = Client(all_rows, 0), Reader()
    drain(client, reader)
    assert reader.tables["log"][1]["text"] == "é" * (65_535 // 2)


def test_a_number_that_does_not_fit_is_the_nearest_that_does() -> None:
    changed: dict[Key, None] = {}
    all_rows = tables(changed)
    rows = all_rows[schema.BOOKS.number]
    rows.add((2**40, -1, 2**63, -(2**63) - 1, 0, 0, 0, 0, 0.0, "AAPL"))
    client, reader = Client(all_rows, 0), Reader()
    drain(client, reader)
    row = reader.tables["books"][1]
    assert (row["server"], row["venue"], row["bid"], row["bid_shares"]) == (2**32 - 1, 0, 2**63 - 1, -(2**63))
