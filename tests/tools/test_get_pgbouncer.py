"""PgBouncer is found, or fetched without root, or its absence is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.get_pgbouncer import FOLDER, Unavailable, find, get, needed


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_installed_one_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    installed = program(tmp_path / "sbin" / "pgbouncer")
    program(tmp_path / "cache" / "usr/sbin/pgbouncer")
    found = find(tmp_path / "cache", [str(tmp_path / "sbin")])
    assert found is not None
    assert (found.path, found.libraries) == (installed, ())


def test_a_fetched_one_comes_with_its_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    fetched = program(tmp_path / "usr/sbin/pgbouncer")
    library = program(tmp_path / "usr/lib/x86_64-linux-gnu/libevent-2.1.so.7")
    found = get(tmp_path, system=())
    assert (found.path, found.libraries) == (fetched, (library.parent,))
    assert found.environment["LD_LIBRARY_PATH"] == str(library.parent)


def test_without_debians_tools_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable) as told:
        get(tmp_path, system=())
    assert str(told.value) == "pgbouncer is not installed, and without apt-get it cannot be fetched: install pgbouncer"


def test_a_failed_download_says_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    program(tools / "dpkg-deb")
    program(tools / "dpkg-query")
    program(tools / "apt-get").write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(Unavailable, match=r"apt-get .*download pgbouncer failed: E: no network") as told:
        get(tmp_path / "cache", system=())
    assert len(str(told.value).splitlines()) == 1
    assert find(tmp_path / "cache", system=()) is None


def test_the_first_of_alternatives_is_needed() -> None:
    field = "libc-ares2 (>= 1.11), libevent-2.1-7 (>= 2.1.8), lsb-base | other, libsystemd0 | libelogind0, init (= 1)\n"
    assert needed(field) == ["libc-ares2", "libevent-2.1-7", "lsb-base", "libsystemd0", "init"]
    assert needed("") == []


def test_it_is_kept_beside_the_environment() -> None:
    assert FOLDER.parent.name == ".venv"
