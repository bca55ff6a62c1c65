"""Brings frames from a source to a hub for as long as the page is served, and alerts beside them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from office.dashboard.desk import Alerts
from office.dashboard.hub import Hub
from office.dashboard.source import Raw, SourceError, journal_frames
from protocols.errors import ProtocolError
from protocols.management import CONTROL, JOURNAL, Hello

RETRY_SECONDS: Final = 0.5
ALERT_SECONDS: Final = 0.5
_HELLO: Final = ord(Hello.TYPE)
_log = logging.getLogger("office.dashboard")


@dataclass
class Pump:
    """`watch` begins a connection to the collector; `folder` is where the office keeps its journals, None for nowhere;
    `clock` gives UTC ns; `pause` waits before the next try; `also` is handed every frame of the watch."""

    hub: Hub
    watch: Callable[[], AsyncIterator[list[Raw]]]
    folder: Callable[[], Path | None]
    clock: Callable[[], int]
    pause: Callable[[], Awaitable[object]]
    also: Callable[[Raw], None] | None = None

    async def run(self) -> None:
        """Until cancelled: watch, and when the collector goes, try again."""
        reason = ""
        while True:
            self.hub.source_began()
            try:
                async for batch in self.watch():
                    reason = ""
                    await self.take(batch)
            except SourceError as error:
                if str(error) != reason:
                    reason = str(error)
                    self.hub.source_lost(self.clock(), reason)
            await self.pause()

    async def take(self, batch: list[Raw]) -> None:
        """Frames as they came; what a journal has before them is read from the office's copy first."""
        take = self.hub.take
        greeted: list[Raw] = []
        for raw in batch:
            if raw.stream == JOURNAL:
                await self._fill_in(raw.session, raw.number)
            take(*raw)
            if self.also is not None:
                self.also(raw)
            if raw.stream == CONTROL and raw.message[:1] == bytes((_HELLO,)):
                greeted.append(raw)
        for raw in greeted:
            await self._history(raw)
        # What is buffered is read without a pause: let the page's viewers have their turn.
        await asyncio.sleep(0)

    async def _history(self, raw: Raw) -> None:
        """After a greeting: the whole journal, as far as it is not known."""
        try:
            journal = Hello.decode(raw.message).journal
        except ProtocolError:
            return
        await self._read(raw.session, journal)

    async def _fill_in(self, session: int, number: int) -> None:
        server = self.hub.servers.get(session)
        if server is not None and server.journal and self.hub.journal_known(server.journal) + 1 < number:
            await self._read(session, server.journal)

    async def _read(self, session: int, journal: int) -> None:
        folder = self.folder()
        if folder is None:
            return
        for batch in journal_frames(folder, session, journal, self.hub.journal_known(journal)):
            for raw in batch:
                self.hub.take(*raw)
            await asyncio.sleep(0)


async def watch_alerts(hub: Hub, alerts: Alerts) -> None:
    """Until cancelled: bring new and changed alerts into the hub."""
    while True:
        try:
            hub.alerts(await asyncio.to_thread(alerts.alerts))
        except (OSError, ValueError, KeyError) as error:
            _log.error("the alerts cannot be read: %s", error)
        await asyncio.sleep(ALERT_SECONDS)
