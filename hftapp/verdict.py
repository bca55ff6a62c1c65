"""How a run ended: from what the trader said last, and from how its process ended."""

import os
import signal

from hftapp.config import OrderEntry
from hftapp.reporter import Outcome, Reporter


def judge(outcome: Outcome, reporter: Reporter, status: int, entry: OrderEntry) -> None:
    """Put status and reason into an outcome. `status`: the process's wait status.

    A trader that ended as planned without ever having logged in has failed.
    """
    if reporter.exit is not None:
        outcome.status, outcome.reason = reporter.exit
    elif os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        outcome.status, outcome.reason = 1, f"trader killed by {signal.Signals(number).name}"
        if number == signal.SIGSYS:
            call = reporter.silence.refused() or "unknown"
            outcome.reason += f": it made the system call {call}, which a silent trader may not"
    else:
        outcome.status = os.waitstatus_to_exitcode(status) or 1
    if outcome.status == 0 and not reporter.traded:
        outcome.status = 1
        outcome.reason += f"; never logged in at {entry.host}:{entry.port} ({reporter.last_state})"
