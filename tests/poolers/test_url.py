"""``?pooler=true`` in a database's URL."""

from __future__ import annotations

from typing import Any

import pytest

from taskflowmq.bootstrap.stores import UnknownScheme, make_store


@pytest.mark.parametrize(
    ("query", "pooler", "address"),
    [
        ("", False, "postgresql://h/d"),
        ("?pooler=true", True, "postgresql://h/d"),
        ("?pooler=1", True, "postgresql://h/d"),
        ("?pooler=false", False, "postgresql://h/d"),
        ("?sslmode=require&pooler=TRUE", True, "postgresql://h/d?sslmode=require"),
        ("?sslrootcert=%2Fetc%2Fca.pem&pooler=true&application_name=a+b", True, None),
    ],
)
def test_the_url_says_whether_there_is_one(query: str, pooler: bool, address: str | None) -> None:
    store: Any = make_store(f"postgresql://h/d{query}")
    assert store._options.pooler is pooler
    assert store.notifier.enabled is not pooler
    assert "pooler" not in store.url
    assert store.url == address or address is None


def test_what_the_program_says_wins() -> None:
    store: Any = make_store("postgresql://h/d?pooler=true", options={"pooler": False})
    assert store._options.pooler is False


@pytest.mark.parametrize("query", ["?pooler=", "?pooler=maybe", "?pooler=yes&x=y"])
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(UnknownScheme, match="pooler is true or false"):
        make_store(f"postgresql://h/d{query}")
