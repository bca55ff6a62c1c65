"""Money on the trading path: prices, shares and what they come to, as integers that a type checker tells apart.

| Type | Unit | Sign |
|---|---|---|
| `Price` | 1/10,000 dollar a share (price4) | never negative on a wire; the difference of two may be |
| `Shares` | shares | negative: sold, short, or an execution that was broken |
| `Notional` | 1/10,000 dollar | negative: paid out, or short |
| `Fee` | 1/100,000 dollar a share | negative: a rebate |

Two of a kind can be added, subtracted and compared. The one legal mixture is `Price` times `Shares`, which is a
`Notional`. Plain numbers go with all of them, and what comes of that is a plain number again: whoever means it as a
price says so, `Price(number)`.

At run time all of them are `int`; compiled they are 64 bits, and the functions of the same names are inlined from
`units.pxd` and do nothing. A compiled module that uses them as functions imports them only when it is interpreted
(`if not cython.compiled`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Never, Self, SupportsIndex, final

    class _Unit(int):
        """An integer that goes with its own kind.

        What an operator refuses here, mypy tries from the other operand's side: a plain number there takes it as one
        and gives a plain number, another kind refuses it too.
        """

        def __new__(cls, number: SupportsIndex) -> Self: ...
        def __add__(self, other: Self) -> Self: ...  # type: ignore[override]
        def __radd__(self, other: Self) -> Self: ...  # type: ignore[override]
        def __sub__(self, other: Self) -> Self: ...  # type: ignore[override]
        def __rsub__(self, other: Self) -> Self: ...  # type: ignore[override]
        def __floordiv__(self, other: Self) -> int: ...  # type: ignore[override]
        def __rfloordiv__(self, other: Self) -> int: ...  # type: ignore[override]
        def __mod__(self, other: Self) -> Self: ...  # type: ignore[override]
        def __rmod__(self, other: Self) -> Self: ...  # type: ignore[override]
        def __mul__(self, other: Never) -> int: ...  # type: ignore[override]
        def __rmul__(self, other: Never) -> int: ...  # type: ignore[override]
        def __lt__(self, other: Self) -> bool: ...  # type: ignore[override]
        def __le__(self, other: Self) -> bool: ...  # type: ignore[override]
        def __gt__(self, other: Self) -> bool: ...  # type: ignore[override]
        def __ge__(self, other: Self) -> bool: ...  # type: ignore[override]
        def __neg__(self) -> Self: ...
        def __abs__(self) -> Self: ...

    @final
    class Price(_Unit):
        """Of one share."""

        def __mul__(self, other: "Shares") -> "Notional": ...  # type: ignore[override]
        def __rmul__(self, other: "Shares") -> "Notional": ...  # type: ignore[override]

    @final
    class Shares(_Unit):
        """How many."""

        def __mul__(self, other: Price) -> "Notional": ...  # type: ignore[override]
        def __rmul__(self, other: Price) -> "Notional": ...  # type: ignore[override]

    @final
    class Notional(_Unit):
        """What shares are worth at a price."""

    @final
    class Fee(_Unit):
        """Of one share, at a venue."""
else:
    Price = Shares = Notional = Fee = int
