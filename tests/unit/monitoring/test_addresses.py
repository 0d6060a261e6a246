"""What is shown of an address names the place, and holds no password."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.addresses import shown_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("broker:9092", "broker:9092"),
        ("http://registry:8081/apis/ccompat/v7", "http://registry:8081/apis/ccompat/v7"),
        ("https://user:pass@registry/apis", "https://registry/apis"),
        ("postgresql://user:pass@database:5432/city?sslmode=require", "postgresql://database:5432/city"),
        ("postgresql://database/city?user=a&password=pass", "postgresql://database/city"),
        ("postgresql://user:p@ss@database/city", "postgresql://database/city"),
        ("postgresql://user:pa?ss@database/city", "postgresql://…"),
        ("host=database password=pass dbname=city", "…"),
    ],
)
def test_an_address_is_shown_without_what_lets_in(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@pytest.mark.attack(by="who reads logs, status or a screen", wants="a password, from an address that is shown")
@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1), st.sampled_from(":@/?#=&%"))
def test_a_password_is_never_shown_whatever_is_in_it(text: str, mark: str) -> None:
    password = f"QQ{text}{mark}{text}QQ"
    for address in (f"https://user:{password}@host:1/path", f"host=h password={password}"):
        assert "QQ" not in shown_address(address).upper() or "QQ" in text.upper()
