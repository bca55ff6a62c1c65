"""Logins as an operator gives them."""

import pytest

from exchange.login import Login, LoginError


def test_a_login_is_user_password_firm() -> None:
    assert Login.parse("HFT1:secret1:HFTX") == Login("HFT1", "secret1", "HFTX")


@pytest.mark.parametrize("text", ["", "A:B", "A:B:C:D", ":B:C", "A::C", "A:B:", "A:B:FIRMS", "A B:C:D", "Ä:B:C"])
def test_malformed_logins(text: str) -> None:
    with pytest.raises(LoginError, match="malformed"):
        Login.parse(text)
