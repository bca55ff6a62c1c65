"""Messages of a drop copy (`exchange.drop_copy`): venue, user, and the OUCH 5.0 message as that user got it."""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols import ouch50
from protocols.errors import ProtocolError, TruncatedError

LABEL: Final = 10
_VENUE: Final = 4


class Copy(NamedTuple):
    """One message: `venue` and `user` without padding; `account`: whose order it is, where that is known better."""

    venue: str
    user: str
    message: ouch50.OuchOutbound
    account: str = ""


def decode(payload: bytes) -> Copy:
    """Decode a sequenced message of a drop copy. Raises a ProtocolError."""
    if len(payload) <= LABEL:
        raise TruncatedError("a drop copy's message begins with venue and user", 0, len(payload))
    try:
        label = payload[:LABEL].decode("ascii")
    except UnicodeDecodeError as error:
        raise ProtocolError("venue and user of a drop copy are ASCII", 0, payload[:LABEL]) from error
    return Copy(label[:_VENUE].strip(), label[_VENUE:].strip(), ouch50.decode_outbound(payload[LABEL:]))
