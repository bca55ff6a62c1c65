"""Work outside the event loop that waits for no pool: what hangs in asyncio's own may have taken all of its threads."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def apart(act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """As `asyncio.to_thread`, on a thread of its own."""
    done: Future[_T] = Future()
    done.set_running_or_notify_cancel()  # it is done whoever still waits for it

    def run() -> None:
        try:
            done.set_result(act(*args, **kwargs))
        except BaseException as error:
            done.set_exception(error)

    # No daemon: the server may end meanwhile, and a kill that was begun is to be sent.
    threading.Thread(target=run).start()
    return await asyncio.wrap_future(done)
