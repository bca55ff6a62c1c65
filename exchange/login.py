"""Who may enter orders: user, password and firm."""

from __future__ import annotations

from dataclasses import dataclass


class LoginError(ValueError):
    """A malformed login; the text names it and the remedy."""


@dataclass(frozen=True)
class Login:
    """User, password and firm of one order-entry port."""

    user: str
    password: str
    firm: str

    @classmethod
    def parse(cls, text: str) -> Login:
        """Read ``USER:PASSWORD:FIRM``; LoginError says what is wrong with it."""
        parts = text.split(":")
        limits = (("USER", 6), ("PASSWORD", 10), ("FIRM", 4))
        if len(parts) != len(limits):
            raise LoginError(f"login {text!r} is malformed: give USER:PASSWORD:FIRM, like HFT1:secret1:HFTX")
        for part, (name, limit) in zip(parts, limits, strict=True):
            if not 1 <= len(part) <= limit or not part.isascii() or not part.isprintable() or " " in part:
                raise LoginError(f"login {text!r} is malformed: {name} {part!r} must be 1 to {limit} ASCII characters")
        return cls(*parts)
