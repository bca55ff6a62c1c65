"""`python -m tests.exchange.replay_journal FOLDER INPUTS`: the state hash after so many inputs of a journal."""

import itertools
import json
import sys
from ipaddress import IPv4Address
from pathlib import Path

from exchange.account import Login
from exchange.assembly import build_session
from exchange.journal import FILE, read_records
from exchange.order_log import OrderLog
from exchange.settings import Endpoint, Ports, Settings


def settings_of(folder: Path) -> Settings:
    """The settings that a journal was written with, as far as they matter to the state."""
    first, _ = next(read_records(folder / FILE))
    written = json.loads(first.payload)
    user, firm = written["logins"][0].split(":")
    endpoint = Endpoint(IPv4Address("239.20.0.9"), 1)
    return Settings(
        bind=IPv4Address("127.0.0.1"),
        ports=Ports(),
        feed_a=endpoint,
        feed_b=endpoint,
        session=written["session"],
        logins=(Login(user, "secret1", firm),),
        venues=tuple(written["venues"]),
        symbols=tuple(written["symbols"]),
        rate=written["rate"],
        seed=written["seed"],
    )


def state_after(folder: Path, inputs: int) -> str:
    """Replay the first ``inputs`` inputs into a new exchange without sockets."""
    with build_session(settings_of(folder), {}, OrderLog(None)) as session:
        records = (record for record, _ in itertools.islice(read_records(folder / FILE), 1, inputs + 1))
        session.exchange.replay(records)
        return session.exchange.state_hash()


if __name__ == "__main__":
    print(state_after(Path(sys.argv[1]), int(sys.argv[2])))
