"""Whether the office's copy of a session is whole: one record too few, too many or another is seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.icount.office_kept import differences
from protocols import ouch50
from protocols.management import CONTROL, DECISION, IN, JOURNAL, OUT, VERSION, Decision, Frame, Hello, JournalRecord
from protocols.management_files import MAGIC

JOURNAL_NUMBER = 0x10
ORDERS = 4
PER_ORDER = 4
QUERY = ouch50.AccountQuery().encode()

Record = tuple[int, bytes]


def records() -> list[Record]:
    """A session's: the account query, then for each order decision, order, acceptance, cancellation."""
    found: list[Record] = [(OUT, QUERY)]
    for reference in range(1, ORDERS + 1):
        found += [(DECISION, decided(reference)), (OUT, entered(reference))]
        found += [(IN, accepted(reference)), (IN, cancelled(reference))]
    return found


def decided(reference: int) -> bytes:
    numbers = ("strategy", "venue", "feed_venue", "replaces", "shares", "price", "sequence", "value")
    stages = ("limit", "burst", "parsed", "booked", "decided", "passed", "rung")
    nothing: dict[str, Any] = dict.fromkeys((*numbers, *stages), 0)
    return Decision(code=0, cause="B", side="B", symbol="A", reference=reference, **nothing).encode()


def entered(reference: int) -> bytes:
    return ouch50.EnterOrder(
        user_ref_num=reference,
        side="B",
        quantity=100,
        symbol="A",
        price=1,
        time_in_force="3",
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id=str(reference),
    ).encode()


def accepted(reference: int) -> bytes:
    return ouch50.OrderAccepted(
        timestamp=1,
        user_ref_num=reference,
        side="B",
        quantity=100,
        symbol="A",
        price=1,
        time_in_force="3",
        display="Y",
        order_reference_number=reference,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state="L",
        cl_ord_id=str(reference),
    ).encode()


def cancelled(reference: int) -> bytes:
    return ouch50.OrderCanceled(timestamp=1, user_ref_num=reference, quantity=100, reason="I").encode()


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[list[Record]], Path]:
    """Writes records as the collector does; gives the folder."""

    def write(found: list[Record]) -> Path:
        folder = tmp_path / "office" / f"{JOURNAL_NUMBER:016x}"
        folder.mkdir(parents=True)
        hello = Hello(version=VERSION, session=1, journal=JOURNAL_NUMBER, ticks_per_second=1, host="h", body=b"{}")
        frames = [Frame(CONTROL, 0, 1, hello)]
        frames += [
            Frame(JOURNAL, number, 1, JournalRecord(kind=kind, venue=0, body=body))
            for number, (kind, body) in enumerate(found, 1)
        ]
        (folder / "journal.bin").write_bytes(MAGIC + b"".join(frame.encode() for frame in frames))
        return tmp_path

    return write


def test_a_whole_copy_has_no_differences(keep: Callable[[list[Record]], Path]) -> None:
    whole = records()
    assert differences(keep(whole), ORDERS, len(whole)) == []


@pytest.mark.parametrize(
    ("gone", "kind"), [(-1, "cancellation"), (-2, "acceptance"), (-3, "order"), (-4, "decision")], ids=str
)
def test_what_is_missing_is_named(keep: Callable[[list[Record]], Path], gone: int, kind: str) -> None:
    left = records()
    del left[gone]
    first, second = differences(keep(left), ORDERS, len(left) + 1)
    assert first.startswith(f"the journal has {len(left) + 1} records")
    assert second == f"{kind}: 1 of {ORDERS} missing, 0 too many"


def test_what_is_there_twice_is_named(keep: Callable[[list[Record]], Path]) -> None:
    twice = [*records(), (OUT, entered(1))]
    assert differences(keep(twice), ORDERS, len(twice)) == [f"order: 0 of {ORDERS} missing, 1 too many"]


def test_another_journal_than_the_servers_is_seen(keep: Callable[[list[Record]], Path]) -> None:
    whole = records()
    (found,) = differences(keep(whole), ORDERS, len(whole) + 1)
    assert "others than 1 to" in found
