"""What is kept of a login."""

from exchange.account import Account, EntryCounters
from exchange.login import Login
from protocols.ouch50 import AccountQueryResponse


def test_what_is_sent_is_numbered_recorded_and_announced() -> None:
    records: list[tuple[str, bool, bytes]] = []
    woken: list[int] = []
    account = Account(Login("A", "B", "C"), "S", lambda *record: records.append(record))
    account.send(AccountQueryResponse(timestamp=1, next_user_ref_num=1))
    account.on_output = lambda: woken.append(account.stream.next_sequence)
    account.send(AccountQueryResponse(timestamp=2, next_user_ref_num=1))
    account.received(b"Q")
    assert [data[:1] for data in account.stream.read(1)] == [b"Q", b"Q"]
    assert woken == [3]
    assert [(user, inbound) for user, inbound, _ in records] == [("A", False), ("A", False), ("A", True)]
    assert account.counters.received == 1


def test_counters_add_up() -> None:
    total, other = EntryCounters(), EntryCounters()
    total.received, other.received, other.rejected, other.prevented = 1, 10, 3, 7
    total.add(other)
    assert total.as_dict() == {
        "received": 11,
        "accepted": 0,
        "rejected": 3,
        "executed_shares": 0,
        "cancelled": 0,
        "prevented": 7,
        "added_shares": 0,
        "removed_shares": 0,
    }
