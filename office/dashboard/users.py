"""The users file: names, roles and Argon2id hashes (RFC 9106), TOML, readable by its owner only.

```toml
[alice]
role = "risk"
password = "$argon2id$v=19$m=65536,t=3,p=4$..."
```
"""

import contextlib
import fcntl
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from office.dashboard.roles import ROLES

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
LEAST_PASSWORD: Final = 12
MOST_PASSWORD: Final = 1_024
_NOBODY: Final = 0o077


class UsersError(Exception):
    """The users file, a name, a role or a password is not as it must be; the text says what to do."""


class User(NamedTuple):
    """A user: name, role, hash of the password."""

    name: str
    role: str
    password: str


class Users:
    """The users in a file, which is read again whenever it has changed. Raises UsersError for a file that is damaged,
    that cannot be read or that others may read."""

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        self.path = path
        self._hasher = hasher or PasswordHasher()
        self._dummy = ""
        self._stamp: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}

    def all(self) -> list[User]:
        """All users, by name."""
        self._refresh()
        return [self._users[name] for name in sorted(self._users)]

    def find(self, name: str) -> User | None:
        """A user; None when there is none of this name."""
        self._refresh()
        return self._users.get(name)

    def check(self, name: str, password: str) -> User | None:
        """The user whose name and password these are; None when they are not. Takes some tens of ms."""
        # Somebody who is not there is refused as slowly as a wrong password.
        self._dummy = self._dummy or self._hasher.hash("nobody has this password")
        user = self.find(name)
        try:
            self._hasher.verify(user.password if user else self._dummy, password[:MOST_PASSWORD])
        except (VerificationError, InvalidHashError, UnicodeEncodeError):  # the last: JSON can say a lone surrogate
            return None
        return user

    def add(self, name: str, role: str, password: str) -> bool:
        """Add a user, or give an existing one this role and password; whether it is a new one."""
        if NAME.fullmatch(name) is None:
            raise UsersError(
                f"{name!r} is no user name: up to 32 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
            )
        if role not in ROLES:
            raise UsersError(f"{role!r} is no role: give one of {', '.join(ROLES)}")
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise UsersError(f"the password has {len(password)} characters: give {LEAST_PASSWORD} to {MOST_PASSWORD}")
        try:
            user = User(name, role, self._hasher.hash(password))
        except UnicodeEncodeError as error:
            raise UsersError("the password is no valid text: give one in UTF-8") from error
        with self._locked():
            self._refresh()
            new = name not in self._users
            self._write({**self._users, name: user})
        return new

    def remove(self, name: str) -> None:
        """Remove a user; UsersError when there is none."""
        with self._locked():
            self._refresh()
            if name not in self._users:
                raise UsersError(f"there is no user {name!r} in {self.path}: see hftos office user list")
            self._write({other: user for other, user in self._users.items() if other != name})

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._keep_owner(lock)
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise UsersError(f"{self.path} cannot be changed: {error.strerror}; do it as its owner") from error

    def _write(self, users: dict[str, User]) -> None:
        """Replace the file whole: a crash leaves the old one or the new one."""
        text = "".join(f'[{_key(u.name)}]\nrole = "{u.role}"\npassword = "{u.password}"\n\n' for u in users.values())
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
            self._keep_owner(file.fileno())
            file.write("# Users of the office's page: hftos office user add|remove|list.\n\n" + text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)

    def _keep_owner(self, descriptor: int) -> None:
        """Give a file beside the users' their owner: root may change them, and who serves the page still reads them."""
        with contextlib.suppress(FileNotFoundError, PermissionError):
            found = self.path.stat()
            os.fchown(descriptor, found.st_uid, found.st_gid)

    def _refresh(self) -> None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._users, self._stamp = {}, None
            return
        except OSError as error:
            raise self._unreadable(error) from error
        stamp = found.st_ino, found.st_mtime_ns, found.st_size
        if stamp == self._stamp:
            return
        if stat.S_IMODE(found.st_mode) & _NOBODY:
            raise UsersError(f"others may read {self.path}, and it holds password hashes: run chmod 600 {self.path}")
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise self._unreadable(error) from error
        self._users = self._parse(content)
        self._stamp = stamp

    def _unreadable(self, error: OSError) -> UsersError:
        remedy = "give it to whoever serves the page, with chown and chmod 600"
        return UsersError(f"{self.path} cannot be read: {error.strerror}; {remedy}")

    def _parse(self, content: bytes) -> dict[str, User]:
        try:
            tables = tomllib.loads(content.decode())
        except ValueError as error:
            raise UsersError(f"{self.path} is damaged: {error}; mend it or add the users anew") from error
        users = {}
        for name, table in tables.items():
            role = table.get("role") if isinstance(table, dict) else None
            password = table.get("password") if isinstance(table, dict) else None
            if NAME.fullmatch(name) is None or role not in ROLES or not isinstance(password, str):
                raise UsersError(f"{self.path}: [{name}] needs a role of {', '.join(ROLES)} and a password's hash")
            users[name] = User(name, role, password)
        return users


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name
