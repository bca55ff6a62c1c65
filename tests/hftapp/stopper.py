"""Stops a trader through its office as soon as it says that it trades."""

import asyncio
import sys
from pathlib import Path

from office.commands import send
from office.live import watch
from protocols.management import State


async def stop(control: str, folder: str) -> None:
    """Watch, and command."""
    async for _, frame in watch(Path(control)):
        if frame.message == State(body=b"trading"):
            send(Path(folder), "stop", who="Ada")
            return


if __name__ == "__main__":
    asyncio.run(stop(*sys.argv[1:]))
