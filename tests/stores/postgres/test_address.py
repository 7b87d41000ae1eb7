"""Database URLs as providers, libpq and other libraries write them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from taskflowmq.bootstrap.stores import UnknownScheme, make_store
from taskflowmq.core.errors import StoreUnavailable
from taskflowmq.stores.postgres import PostgresStore
from taskflowmq.stores.postgres.address import read_address
from taskflowmq.stores.postgres.lending import transaction

#: Everything that libpq 18 knows (docs: 32.1.2), with a value that a provider might write.
LIBPQ = {
    "host": "h", "port": "5432", "dbname": "d", "user": "u", "password": "p", "passfile": "/x",
    "channel_binding": "prefer", "connect_timeout": "5", "client_encoding": "utf8",
    "options": "-c geqo=off", "application_name": "a", "fallback_application_name": "f", "keepalives": "1",
    "keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "9000",
    "replication": "false", "gssencmode": "disable", "sslmode": "require", "requiressl": "0",
    "sslnegotiation": "postgres", "sslcompression": "0", "sslcert": "/c", "sslkey": "/k", "sslpassword": "s",
    "sslcertmode": "allow", "sslrootcert": "/r", "sslcrl": "/l", "sslsni": "1", "ssl_min_protocol_version": "TLSv1.2",
    "ssl_max_protocol_version": "TLSv1.3", "min_protocol_version": "3.0", "max_protocol_version": "latest",
    "krbsrvname": "k", "gsslib": "gssapi", "gssdelegation": "0", "service": "s", "target_session_attrs": "read-write",
    "load_balance_hosts": "disable",
}  # fmt: skip
REFUSED = {
    "hostaddr": "10.0.0.1", "require_auth": "scram-sha-256", "channel_binding": "require", "sslcrldir": "/x",
    "sslkeylogfile": "/x", "requirepeer": "postgres", "scram_client_key": "eA==", "scram_server_key": "eA==",
    "oauth_issuer": "https://x", "servicefile": "/x", "gssencmode": "require", "client_encoding": "LATIN1",
    "sslmode": "on", "target_session_attrs": "standby", "replication": "database", "load_balance_hosts": "random",
    "sslnegotiation": "maybe", "port": "many", "connect_timeout": "soon", "keepalives_idle": "long",
    "schema": "public", "connection_limit": "5", "search_path": "x", "statement_timeout": "5s", "sslsni": "0",
}  # fmt: skip


@pytest.mark.parametrize("name", LIBPQ)
def test_every_parameter_of_libpq_is_taken(name: str) -> None:
    make_store(f"postgresql://u@h/d?{name}={LIBPQ[name]}")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_honoured_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownScheme, match=rf"\b{name}\b.*database URL") as caught:
        make_store(f"postgresql://u:TOPSECRET@h/d?{name}={REFUSED[name]}")
    assert "TOPSECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("postgresql://u:p%40%2F%23%3A@h/d", "postgresql://u:p%40%2F%23%3A@h/d"),
        ("postgresql://u:p@ss@h/d", "postgresql://u:p%40ss@h/d"),
        ("postgresql://u:a+b@h/d?password=a+b", "postgresql://u:a%2Bb@h/d?password=a%2Bb"),
        ("postgresql:///d?host=/var/run/postgresql", "postgresql:///d?host=/var/run/postgresql"),
        ("postgresql://%2Fvar%2Frun/d", "postgresql://%2Fvar%2Frun/d"),
        ("postgresql://u@[::1]:5433/d", "postgresql://u@[::1]:5433/d"),
        ("postgresql://a:1,b:2/d?target_session_attrs=primary", "postgresql://a:1,b:2/d?target_session_attrs=primary"),
        ("postgresql://h/d?sslmode=&connect_timeout=", "postgresql://h/d"),
        ("postgresql://h/d?ssl=true", "postgresql://h/d?sslmode=require"),
        ("postgresql://h/d?sslmode=verify-full&sslrootcert=system", "postgresql://h/d"),
    ],
)
def test_the_driver_gets_what_it_honours(url: str, address: str) -> None:
    assert read_address(url).url == address


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "POSTGRESQL", "postgresql+asyncpg", "postgresql+psycopg"])
def test_schemes_of_other_libraries_are_taken(scheme: str) -> None:
    store: Any = make_store(f"{scheme}://u@h/d?pgbouncer=true&application_name=web")
    assert (store._options.pooler, store._options.application_name) == (True, "web")


def test_system_roots_are_wanted_in_full_or_not_at_all() -> None:
    assert read_address("postgresql://h/d?sslrootcert=system").options == {"system_roots": True}
    for beside in ("sslmode=require", "sslmode=verify-full&sslcert=/c"):
        with pytest.raises(ValueError, match="sslrootcert=system"):
            read_address(f"postgresql://h/d?sslrootcert=system&{beside}")


@pytest.mark.postgres
async def test_they_are_honoured(postgres_url: str) -> None:
    query = "application_name=web&options=-c%20geqo%3Doff%20-c%20search_path%3Dmine&keepalives_idle=77"
    beside = "tcp_user_timeout=5000&connect_timeout=7&keepalives=1&sslmode=prefer"
    store: Any = make_store(f"{postgres_url}?{query}&{beside}")
    await store.open()
    try:
        assert store._options.connect_timeout == 7
        async with transaction(store._pool) as conn:
            assert await conn.fetchval("SHOW application_name") == "web"
            assert await conn.fetchval("SHOW geqo") == "off"
            assert await conn.fetchval("SHOW search_path") == "pg_catalog, pg_temp"
            sock = conn.itself()._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
        async with store.claims.transaction() as conn:  # a handler's: its own path is its own
            assert await conn.fetchval("SHOW search_path") == "mine"
    finally:
        await store.close()


@pytest.mark.postgres
async def test_what_the_server_refuses_is_a_sentence(postgres_url: str) -> None:
    store = make_store(f"{postgres_url}?options=-c%20nonsense%3D1")
    with pytest.raises(StoreUnavailable, match="nonsense"):
        await store.open()


async def test_a_service_that_is_in_no_file_is_not_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "services"
    file.write_text("[known]\nhost=127.0.0.1\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    with pytest.raises(StoreUnavailable, match="the service 'unknown' of the database URL is not in"):
        await make_store("postgresql://?service=unknown").open()


async def test_a_password_that_cannot_be_read_is_not_shown() -> None:
    """The driver takes a part of it for the port, and quotes it."""
    store = PostgresStore("postgresql://u:TOP/SECRET@127.0.0.1/d")
    with pytest.raises(StoreUnavailable, match="the database URL is malformed") as caught:
        await store.open()
    assert "TOP" not in str(caught.value)
