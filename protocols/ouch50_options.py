"""The appendage of OUCH 5.0 messages: optional tag-value pairs after the fixed fields (§5.1, §5.8).

On the wire: Appendage Length u16, then back to back Length u8 (tag and value), OptionTag u8, OptionValue.
"""

from typing import Final, NamedTuple

from protocols import ouch50_codes as codes
from protocols.errors import EnumError, LengthError, RangeError, TruncatedError, UnknownTypeError
from protocols.fields import Buffer, Char, Integer, Kind, alpha, unsigned

LENGTH_SIZE: Final = 2
"""Bytes of the Appendage Length field."""


class Option(NamedTuple):
    """One option: its tag number and its value (int or text, by `OPTIONS`)."""

    tag: int
    value: int | str


class OptionSpec(NamedTuple):
    """What a tag means: its name and the kind of its value."""

    name: str
    kind: Kind


_SIGNED_PRICE4: Final = Integer("signed price4", 4, "i", signed=True)

OPTIONS: Final[dict[int, OptionSpec]] = {
    1: OptionSpec("SecondaryOrdRefNum", unsigned(8)),
    2: OptionSpec("Firm", alpha(4)),
    3: OptionSpec("MinQty", unsigned(4)),
    4: OptionSpec("CustomerType", Char(codes.CUSTOMER_TYPES)),
    5: OptionSpec("MaxFloor", unsigned(4)),
    6: OptionSpec("PriceType", Char(codes.PRICE_TYPES)),
    7: OptionSpec("PegOffset", _SIGNED_PRICE4),
    9: OptionSpec("DiscretionPrice", unsigned(8, "price")),
    10: OptionSpec("DiscretionPriceType", Char(codes.DISCRETION_PRICE_TYPES)),
    11: OptionSpec("DiscretionPegOffset", _SIGNED_PRICE4),
    12: OptionSpec("PostOnly", Char(codes.POST_ONLY)),
    13: OptionSpec("RandomReserves", unsigned(4)),
    14: OptionSpec("Route", alpha(4)),
    15: OptionSpec("ExpireTime", unsigned(4)),
    16: OptionSpec("TradeNow", Char(codes.TRADE_NOW)),
    17: OptionSpec("HandleInst", Char(codes.HANDLE_INSTRUCTIONS)),
    18: OptionSpec("BBOWeightIndicator", Char(codes.BBO_WEIGHTS)),
    22: OptionSpec("DisplayQuantity", unsigned(4)),
    23: OptionSpec("DisplayPrice", unsigned(8, "price")),
    24: OptionSpec("GroupID", unsigned(2)),
    25: OptionSpec("SharesLocated", Char(codes.SHARES_LOCATED)),
    26: OptionSpec("LocateBroker", alpha(4)),
    27: OptionSpec("Side", Char(codes.SIDES)),
    28: OptionSpec("UserRefIdx", unsigned(1)),
    29: OptionSpec("AIQStrategy", Char(codes.AIQ_STRATEGIES)),
    30: OptionSpec("AIQGroupID", alpha(2)),
}
"""Option tags (§5.8). Tags 19 and 20 were removed in 2023-05 and are unknown here."""


def decode_appendage(data: Buffer, offset: int, allowed: frozenset[int], owner: str) -> tuple[Option, ...]:
    """Decode the appendage whose length field is at `offset`; it must end where `data` ends.

    Unknown tag: UnknownTypeError; a tag that `owner` may not carry: EnumError; wrong or cut lengths: LengthError or
    TruncatedError.
    """
    position = offset + LENGTH_SIZE
    if len(data) < position:
        raise TruncatedError(f"{owner} ends inside Appendage Length", len(data), len(data))
    length = int.from_bytes(data[offset:position], "big")
    end = position + length
    if len(data) < end:
        raise TruncatedError(f"{owner} has an appendage of {length} bytes", len(data), len(data))
    if len(data) > end:
        raise LengthError(f"{owner} goes on after its appendage of {length} bytes", end, len(data))
    options = []
    while position < end:
        option = _decode_option(bytes(data[position:end]), position, allowed, owner)
        options.append(option)
        position += 2 + OPTIONS[option.tag].kind.size
    return tuple(options)


def _decode_option(data: bytes, offset: int, allowed: frozenset[int], owner: str) -> Option:
    """Decode the option that `data`, the rest of the appendage, begins with; `offset` is its place in the message."""
    length = data[0]
    if length == 0:
        raise LengthError(f"{owner}: an option has at least its tag byte", offset, 0)
    if len(data) < 1 + length:
        raise TruncatedError(f"{owner}: the option at {offset} has {length} bytes", offset + len(data), len(data))
    tag = data[1]
    spec = OPTIONS.get(tag)
    if spec is None:
        raise UnknownTypeError(f"{owner}: no such option tag", offset + 1, tag)
    if length != 1 + spec.kind.size:
        raise LengthError(f"{owner}: option {spec.name} has length {1 + spec.kind.size}", offset, length)
    if tag not in allowed:
        raise EnumError(f"{owner} carries no option {spec.name}", offset + 1, tag)
    return Option(tag, spec.kind.from_wire(data[2 : 1 + length], offset + 2, f"{owner} {spec.name}"))


def encode_appendage(options: tuple[Option, ...], allowed: frozenset[int], owner: str) -> bytes:
    """Encode Appendage Length and the options in their order; the errors name tag and value."""
    parts = []
    for tag, value in options:
        spec = OPTIONS.get(tag)
        if spec is None:
            raise UnknownTypeError(f"{owner}: no such option tag: {tag!r}", None, tag)
        if tag not in allowed:
            raise EnumError(f"{owner} carries no option {spec.name} (tag {tag})", None, tag)
        parts.append(bytes((1 + spec.kind.size, tag)) + spec.kind.to_wire(value, f"{owner} {spec.name}"))
    body = b"".join(parts)
    if len(body) > 0xFFFF:
        raise RangeError(f"{owner}: an appendage has at most 65535 bytes, not {len(body)}", None, len(body))
    return len(body).to_bytes(LENGTH_SIZE, "big") + body
