"""The users file, sessions, limits of tries: who gets in."""

import os
import stat
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from office.dashboard.limits import Strangers
from office.dashboard.sessions import IDLE, LONGEST, MOST_OF_ONE, Sessions
from office.dashboard.throttle import MOST, Throttle
from office.dashboard.users import User, Users, UsersError

PASSWORD = "a long enough password"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def users(tmp_path: Path) -> Users:
    return Users(tmp_path / "office/users.toml", HASHER)


def test_a_user_is_known_by_name_and_password(users: Users) -> None:
    assert users.add("ann", "risk", PASSWORD)
    assert users.check("ann", PASSWORD) == users.find("ann")
    assert users.check("ann", PASSWORD + " ") is None
    assert users.check("bob", PASSWORD) is None
    assert not users.add("ann", "viewer", PASSWORD)
    assert [(user.name, user.role) for user in users.all()] == [("ann", "viewer")]


def test_passwords_are_kept_as_argon2id_only_and_nobody_else_may_read_the_file(users: Users) -> None:
    users.add("ann.b-c_1", "risk", PASSWORD)
    text = users.path.read_text()
    assert PASSWORD not in text
    assert "$argon2id$" in text
    assert stat.S_IMODE(users.path.stat().st_mode) == 0o600
    users.path.chmod(0o640)
    with pytest.raises(UsersError, match="chmod 600"):
        Users(users.path).all()


@pytest.mark.parametrize("name", ["", "Ann", "ann b", "../ann", "ann]", 'a"', "-ann", "x" * 33, "ann\n"])
def test_a_name_that_is_none_is_refused(users: Users, name: str) -> None:
    with pytest.raises(UsersError, match="is no user name"):
        users.add(name, "risk", PASSWORD)


def test_a_role_that_is_none_and_a_short_password_are_refused(users: Users) -> None:
    with pytest.raises(UsersError, match="'admin' is no role: give one of viewer, trader, risk"):
        users.add("ann", "admin", PASSWORD)
    with pytest.raises(UsersError, match="has 5 characters: give 12"):
        users.add("ann", "risk", "short")
    assert users.all() == []


@pytest.mark.parametrize(
    "text",
    ["[ann", "ann = 1", '[ann]\nrole = "king"\npassword = "x"', '[ann]\nrole = "risk"', "\xff", '["a b"]\nrole="risk"'],
)
def test_a_damaged_file_is_named_and_lets_nobody_in(users: Users, text: str) -> None:
    users.path.parent.mkdir()
    users.path.write_bytes(text.encode("latin-1"))
    users.path.chmod(0o600)
    with pytest.raises(UsersError, match=r"users\.toml"):
        users.check("ann", PASSWORD)


@pytest.mark.parametrize("kind", ["a folder", "below a file"])
def test_a_file_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "users.toml"
    if kind == "a folder":
        path.mkdir(0o700)
    else:
        path.write_text("")
        path = path / "users.toml"
    with pytest.raises(UsersError, match=r"users\.toml cannot be read: .*; give it to whoever serves the page"):
        Users(path, HASHER).all()
    with pytest.raises(UsersError, match=r"users\.toml cannot be (read|changed): "):
        Users(path, HASHER).add("ann", "risk", PASSWORD)


def test_a_file_that_root_changes_stays_its_owners(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    users.add("ann", "risk", PASSWORD)
    before, given = users.path.stat(), []

    def chown(descriptor: int, uid: int, gid: int) -> None:
        given.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, uid, gid))
        raise PermissionError(1, "Operation not permitted")  # as for all but root; the file is changed all the same

    monkeypatch.setattr(os, "fchown", chown)
    users.add("bob", "viewer", PASSWORD)
    owner = (before.st_uid, before.st_gid)
    assert given == [("users.toml.lock", *owner), (f".users.toml.{os.getpid()}", *owner)]
    assert [user.name for user in users.all()] == ["ann", "bob"]


def test_a_password_that_is_no_text_is_wrong_and_cannot_be_given(users: Users) -> None:
    users.add("ann", "risk", PASSWORD + "?")
    assert users.check("ann", PASSWORD + "\ud800") is None
    assert users.check("bob", PASSWORD + "\ud800") is None
    with pytest.raises(UsersError, match="the password is no valid text"):
        users.add("bob", "risk", PASSWORD + "\ud800")


def test_a_hash_that_is_none_lets_nobody_in(users: Users) -> None:
    users.path.parent.mkdir()
    users.path.write_text('[ann]\nrole = "risk"\npassword = "plain"\n')
    users.path.chmod(0o600)
    assert users.check("ann", "plain") is None


def test_a_change_of_the_file_counts_at_once(users: Users) -> None:
    users.add("ann", "risk", PASSWORD)
    other = Users(users.path, HASHER)
    assert other.find("ann") is not None
    users.remove("ann")
    assert other.find("ann") is None
    with pytest.raises(UsersError, match="there is no user 'ann'"):
        users.remove("ann")


def test_users_added_at_the_same_time_are_all_there(users: Users) -> None:
    names = [f"user{number}" for number in range(8)]
    threads = [
        threading.Thread(target=Users(users.path, HASHER).add, args=(name, "viewer", PASSWORD)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [user.name for user in users.all()] == names


class Known:
    def __init__(self) -> None:
        self.user: User | None = User("ann", "risk", "hash 1")
        self.sessions = Sessions(lambda name: self.user if name == "ann" else None)

    def begin(self, now: float = 0.0) -> str:
        assert self.user is not None
        return self.sessions.begin(self.user, now)


def test_a_session_ends_when_nobody_uses_it_and_after_half_a_day_whatever_happens() -> None:
    known = Known()
    token = known.begin()
    assert known.sessions.user(token, IDLE) is not None
    assert known.sessions.user(token, 2 * IDLE + 1) is None
    token, now = known.begin(), 0.0
    while now <= LONGEST:
        assert known.sessions.user(token, now) is not None
        now += IDLE
    assert known.sessions.user(token, now) is None


def test_a_session_ends_with_its_user_with_another_password_and_by_logging_out() -> None:
    known = Known()
    token = known.begin()
    known.user = User("ann", "viewer", "hash 1")
    found = known.sessions.user(token, 1)
    assert found is not None and found.role == "viewer"
    known.user = User("ann", "viewer", "hash 2")
    assert known.sessions.user(token, 1) is None
    token = known.begin()
    known.sessions.end(token)
    assert known.sessions.user(token, 1) is None
    token, known.user = known.begin(), None
    assert known.sessions.user(token, 1) is None


def test_tokens_are_long_different_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known()
    tokens = [known.begin() for _ in range(MOST_OF_ONE + 3)]
    assert len(set(tokens)) == len(tokens) and min(map(len, tokens)) >= 43
    assert all(token.encode() not in repr(vars(known.sessions)).encode() for token in tokens)
    alive = [known.sessions.user(token, 1) is not None for token in tokens]
    assert alive == [False] * 3 + [True] * MOST_OF_ONE


@given(st.text(max_size=60))
def test_no_made_up_token_is_a_session(token: str) -> None:
    known = Known()
    known.begin()
    assert known.sessions.user(token, 0) is None


def test_after_a_burst_of_tries_each_further_one_has_to_wait() -> None:
    throttle = Throttle(3, 10.0)
    for _ in range(3):
        assert throttle.wait("a", 0) == 0
        throttle.count("a", 0)
    assert throttle.wait("a", 0) == 10
    assert throttle.wait("b", 0) == 0
    assert throttle.wait("a", 10) == 0
    throttle.count("a", 10)
    assert throttle.wait("a", 10) == 10
    throttle.clear("a")
    assert throttle.wait("a", 10) == 0


def test_tries_of_strangers_are_recorded_by_address_and_in_all_and_the_rest_is_counted() -> None:
    strangers = Strangers(Throttle(3, 10.0), Throttle(5, 10.0))
    assert [strangers.admit("a", 0) for _ in range(4)] == [True] * 3 + [False]
    assert [strangers.admit("b", 0) for _ in range(3)] == [True] * 2 + [False]
    assert strangers.omitted() == {"omitted": 2}
    assert strangers.omitted() == {}
    assert not strangers.admit("c", 0) and strangers.admit("c", 10)
    assert strangers.omitted() == {"omitted": 1}


@given(st.lists(st.floats(0, 100), max_size=60).map(sorted))
def test_never_are_more_tries_made_than_the_bucket_holds_and_gains(times: list[float]) -> None:
    throttle, made = Throttle(5, 2.0), []
    for now in times:
        if not throttle.wait("a", now):
            throttle.count("a", now)
            made.append(now)
    for first, begin in enumerate(made):
        for last in range(first, len(made)):
            assert last - first + 1 <= 5 + (made[last] - begin) / 2.0 + 1e-6


def test_names_without_end_cost_bounded_memory() -> None:
    throttle = Throttle(1, 1e9)
    for number in range(MOST + 500):
        throttle.count(str(number), float(number))
    assert len(throttle._full_at) == MOST
