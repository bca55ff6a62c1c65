"""itchfeed: pure Python. With itchcpp installed it would hand over to it, unless told not to."""

import os

from benchmarks.native.contest import Contest, messages

# Read when it is imported.
os.environ["ITCH_NO_CPP"] = "1"

from itch.parser import MessageParser


def decode(data: bytes) -> Contest:
    """Make an object of every message."""
    parser = MessageParser()
    each = [bytes(message) for message in messages(data)]

    def run() -> int:
        for message in each:
            parser.get_message_type(message)
        return len(each)

    return Contest(run)
